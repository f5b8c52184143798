using System.Collections.Immutable;
using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Organizations;
using Vault.Core.Persistence;

namespace Vault.Core.Refresh;

/// <summary>Creates accounts and stores their grants.</summary>
public sealed class GrantStore(
    IAccountStore store,
    IOrganizationStore organizations,
    AccountRunner runner,
    IdFactory ids
)
{
    /// <inheritdoc cref="IAccounts.PrepareAsync"/>
    public async Task<Result<AccountRow>> PrepareAsync(
        AccountKey key,
        string connectionId,
        string provider,
        ImmutableArray<string> requestedScopes,
        string requestedBy,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(key);
        var organization = await organizations.FindAsync(key.Organization, cancellationToken).ConfigureAwait(false);
        return organization is null
            ? new VaultError(ErrorCatalogue.OrganizationUnknown, "The organization is not known.")
            : await PrepareAsync(
                    key,
                    connectionId,
                    provider,
                    requestedScopes,
                    organization.State.Gate,
                    requestedBy,
                    cancellationToken
                )
                .ConfigureAwait(false);
    }

    /// <summary>
    /// Returns the row of the key, and creates it in PENDING_AUTH if there is none. Two callers at once get the same
    /// row: the unique key decides, and the second reads.
    /// </summary>
    public async Task<Result<AccountRow>> PrepareAsync(
        AccountKey key,
        string connectionId,
        string provider,
        ImmutableArray<string> requestedScopes,
        Identity.Gate gate,
        string requestedBy,
        CancellationToken cancellationToken
    )
    {
        for (var race = 0; race < 8; race++)
        {
            var found = await store.FindAsync(key, cancellationToken).ConfigureAwait(false);
            if (found is not null)
            {
                if (!found.Gate.Open)
                    return AccountErrors.Suspended();
                return found.Row.ConnectionId == connectionId
                    ? found.Row
                    : await RehomeAsync(found.Row, connectionId, provider, requestedBy, cancellationToken)
                        .ConfigureAwait(false);
            }

            if (!gate.Open)
                return AccountErrors.Suspended();
            var now = runner.Now;
            var row = new AccountRow(
                ids.NewAccount(),
                key,
                connectionId,
                provider,
                1,
                AccountLifecycle.New(requestedScopes),
                null,
                null,
                0,
                null,
                now,
                now
            );
            var written = await store
                .InsertAsync(
                    row,
                    GateCheck.OpenAt(gate.Epoch),
                    [runner.DraftFor(row, "account.prepared", requestedBy, now)],
                    cancellationToken
                )
                .ConfigureAwait(false);
            if (written == WriteOutcome.Written)
                return row;
            if (written == WriteOutcome.GateShut)
                return AccountErrors.Suspended();
        }

        return new VaultError(ErrorCatalogue.Conflict, "The account keeps changing; try again.");
    }

    // The connection was deleted and another one was created under its name. The account keeps its id and moves to the
    // new connection without a grant, so no grant is used under another connection.
    private async Task<Result<AccountRow>> RehomeAsync(
        AccountRow row,
        string connectionId,
        string provider,
        string requestedBy,
        CancellationToken cancellationToken
    )
    {
        if (row.State.Status is not (AccountStatus.Disconnected or AccountStatus.Revoked or AccountStatus.PendingAuth))
            return new VaultError(
                ErrorCatalogue.Conflict,
                "The account belongs to a former connection of this name; revoke it first."
            );
        var next = row with
        {
            ConnectionId = connectionId,
            Provider = provider,
            Version = row.Version + 1,
            State = AccountLifecycle.New(row.State.RequestedScopes) with
            {
                // Another provider does not know the former provider's subject; a reconnect that expects it would
                // always fail.
                Generation = row.State.Generation,
                Identity = provider == row.Provider ? row.State.Identity : null,
            },
            Grant = null,
            Credential = null,
            DueAt = null,
            UpdatedAt = runner.Now,
        };
        // A revocation that is still pending at the provider ends here: it needs the client of the former connection,
        // which was deleted with it. The ledger says that the provider did not confirm.
        var prepared = runner.DraftFor(next, "account.prepared", requestedBy, next.UpdatedAt);
        LedgerDraft[] drafts =
            row.State.Revocation == UpstreamRevocation.Pending
                ? [runner.DraftFor(row, "account.revocation_failed", requestedBy, next.UpdatedAt), prepared]
                : [prepared];
        var written = await runner.WriteAsync(next, GateCheck.None, drafts, cancellationToken).ConfigureAwait(false);
        return written == WriteOutcome.Written
            ? next
            : new VaultError(ErrorCatalogue.Conflict, "The account changed meanwhile; try again.");
    }

    public async Task<Result<AccountRow>> StoreGrantAsync(
        AccountKey key,
        NewGrant given,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(given);
        var credential = given.Credential is { } blob
            ? (blob, given.CredentialGeneration)
            : default((Sealing.SealedBlob, long)?);
        var step = await runner
            .ApplyAsync(
                key,
                _ => new AccountEvent.GrantStored(runner.Now, given.Generation, given),
                cancellationToken,
                given.Grant,
                credential,
                needsOpenGate: true,
                given.InstalledBy
            )
            .ConfigureAwait(false);
        if (!step.TryGet(out var done, out var error))
            return error;
        if (done.Decision.Outcome == AccountOutcome.NotUsable)
            return new VaultError(
                ErrorCatalogue.Conflict,
                "The account was revoked meanwhile; connect it again with POST /v1/connected_accounts."
            )
            {
                StatusReason = done.After.State.Reason,
            };
        return done.Decision.Outcome == AccountOutcome.OutOfDate
            ? new VaultError(
                ErrorCatalogue.Conflict,
                "The account got another grant meanwhile; seal for its next generation."
            )
            : done.After;
    }
}
