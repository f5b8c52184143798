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
            ],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        var found = await finder.FindAsync(call, cancellationToken);
        if (!found.TryGet(out var row, out var missing))
            return missing;
        // The refresh itself is recorded with the host as its actor, because several callers may wait for the same
        // one. This entry records who requested it, before it begins.
        var entry = new LedgerDraft
        {
            EventId = ids.NewEvent(),
            Organization = call.Organization,
            Type = LedgerEvents.AccountRefreshAsked,
            Time = time.GetUtcNow(),
            Caller = call.Caller.KeyId,
            User = row.Key.User.Value,
            Account = row.Id.Value,
            Connection = row.Key.Connection.Value,
            Provider = row.Provider,
        };
        if (await ledger.AppendAsync(entry, cancellationToken) is { } unavailable)
            return unavailable;
        return Answer.From(
            await accounts.RefreshAsync(row.Key, row.State.Generation, RefreshReason.Manual, cancellationToken),
            done => new RefreshView(row.Id.Value, StatusWords.Of(done.Status), done.Refreshed, done.AccessExpiresAt)
        );
    }
}
