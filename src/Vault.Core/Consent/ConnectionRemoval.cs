using Vault.Core.Connections;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Offboarding;
using Vault.Core.Persistence;

namespace Vault.Core.Consent;

/// <summary>The result of removing a connection.</summary>
public sealed record RemovalReceipt(string ConnectionId, long AccountsDisconnected);

/// <summary>
/// Removes a connection: disables it, disconnects its accounts, deletes it. Every step is idempotent, so a call after a
/// crash continues where the last one ended.
/// </summary>
public sealed class ConnectionRemoval(IConnectionStore store, ConnectionRegistry registry, IOrganizations organizations)
{
    public async Task<Result<RemovalReceipt>> RemoveAsync(
        OrganizationId organization,
        string idOrName,
        string by,
        CancellationToken cancellationToken
    )
    {
        // Disabled first: no consent can complete and no credential can be imported while its accounts are
        // disconnected.
        var shut = await registry.DisableAsync(organization, idOrName, by, cancellationToken);
        if (!shut.TryGet(out var row, out var missing))
            return missing;
        var first = await organizations.DisconnectAsync(organization, row.Id, by, cancellationToken);
        if (!first.TryGet(out var done, out var failed))
            return failed;
        // Read again: the revocations may have sealed the client secret again. A connection that was enabled meanwhile
        // is
        // disabled again; what was connected to it is disconnected below.
        shut = await registry.DisableAsync(organization, row.Id, by, cancellationToken);
        if (!shut.TryGet(out row, out missing))
            return missing;
        var drafts = new[] { registry.Draft(LedgerEvents.ConnectionDeleted, row, row, by) };
        if (
            await store.DeleteAsync(organization, row.Id, row.Version, drafts, cancellationToken)
            != WriteOutcome.Written
        )
            return new VaultError(
                ErrorCatalogue.Conflict,
                "The connection was changed while it was removed; call again."
            );
        // A consent that had passed its checks before the connection was disabled may have stored a grant since.
        var late = await organizations.DisconnectAsync(organization, row.Id, by, cancellationToken);
        return late.TryGet(out var all, out failed) ? new RemovalReceipt(row.Id, Math.Max(done, all)) : failed;
    }
}
