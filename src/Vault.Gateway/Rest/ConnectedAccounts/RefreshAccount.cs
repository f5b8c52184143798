using Vault.Core.Accounts;
using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Refresh;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.ConnectedAccounts;

internal sealed class RefreshAccount(
    AccountFinder finder,
    IAccounts accounts,
    ILedger ledger,
    IdFactory ids,
    TimeProvider time
) : IRoute
{
    public Operation Operation { get; } =
        new(
            "POST",
            "/v1/connected_accounts/{connected_account_id}:refresh",
            "refreshConnectedAccount",
            "Refresh an account's credential now"
        )
        {
            Tag = "Connected accounts",
            Permission = Permission.AccountsWrite,
            Scope = Scope.Organization,
            KeepsConstraints = true,
            Writes = true,
            Answer = typeof(RefreshView),
            Body = [Field.Organization],
            Errors =
            [
                ErrorCatalogue.NotFound,
                ErrorCatalogue.AccountNotConnected,
                ErrorCatalogue.AuthRevoked,
                ErrorCatalogue.ReauthRequired,
                ErrorCatalogue.RefreshInProgress,
                ErrorCatalogue.UpstreamUnavailable,
                ErrorCatalogue.ClientMisconfigured,
                ErrorCatalogue.LedgerUnavailable,
                ErrorCatalogue.OrganizationSuspended,
                ErrorCatalogue.ConnectionUnknown,
                ErrorCatalogue.ProviderUnknown,
                ErrorCatalogue.KeysUnavailable,
                ErrorCatalogue.DestinationChanged,
            ],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        var found = await finder.FindAsync(call, cancellationToken);
        if (!found.TryGet(out var row, out var missing))
            return missing;
        // Recorded before the refresh begins. The entry of the refresh itself has the host for its caller, because many
        // callers may wait for one refresh.
        var requested = LedgerEntries.RefreshRequested(
            ids,
            time.GetUtcNow(),
            call.Caller.KeyId,
            new LedgerAccount(row.Key, row.Id, row.Provider)
        );
        if (await ledger.AppendAsync(requested, cancellationToken) is { } unrecorded)
            return unrecorded;
        return Answer.From(
            await accounts.RefreshAsync(row.Key, row.State.Generation, RefreshReason.Manual, cancellationToken),
            done => new RefreshView(row.Id.Value, StatusWords.Of(done.Status), done.Refreshed, done.AccessExpiresAt)
        );
    }
}
