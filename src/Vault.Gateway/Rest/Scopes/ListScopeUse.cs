using Vault.Core.Accounts;
using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Scopes;
using Vault.Gateway.Http;
using Vault.Gateway.Rest.ConnectedAccounts;

namespace Vault.Gateway.Rest.Scopes;

internal sealed record HeldScopeView(string Scope, long Uses, DateTimeOffset? LastUsedAt);

internal sealed record WantedScopeView(string Scope, long Refusals, DateTimeOffset LastRefusedAt);

/// <param name="Unused">Granted at least that many days ago, and not used since.</param>
/// <param name="Refused">Calls rejected because the grant lacked the scope.</param>
internal sealed record AccountScopesView(
    string ConnectedAccountId,
    string UserId,
    string Connection,
    string Provider,
    IReadOnlyList<HeldScopeView> Granted,
    IReadOnlyList<string> Unused,
    IReadOnlyList<WantedScopeView> Refused
)
{
    public static AccountScopesView Of(AccountScopes scopes)
    {
        var row = scopes.Account;
        return new AccountScopesView(
            row.Id.Value,
            row.Key.User.Value,
            row.Key.Connection.Value,
            row.Provider,
            [.. scopes.Held.Select(h => new HeldScopeView(h.Scope, h.Uses, h.LastUsedAt))],
            [.. scopes.Unused.Select(u => u.Scope)],
            [.. scopes.Wanted.Select(w => new WantedScopeView(w.Scope, w.Refusals, w.LastRefusedAt))]
        );
    }
}

/// <summary>The scopes granted to accounts, and those that no call has used for a while.</summary>
internal sealed class ListScopeUse(ScopeReport report, AccountFinder finder, TimeProvider time) : IRoute
{
    public static Field Days { get; } =
        Field.Number("days", "Days without use after which a scope counts as unused, 1 to 3650. Default: 90.", 1, 3650);

    public Operation Operation { get; } =
        new(
            "GET",
            "/v1/scopes:usage",
            "listScopeUsage",
            "List the scopes granted to accounts and which of them are used"
        )
        {
            Tag = "Scopes",
            Permission = Permission.AccountsRead,
            Scope = Scope.Organization,
            Answer = typeof(ListView<AccountScopesView>),
            Description =
                "Uses are counted since the first version that has this route, and stored every few seconds. An "
                + "account that was connected within those days has no unused scopes yet.",
            Query =
            [
                Field.Organization,
                Days,
                Field.Text("connection", "Only accounts of this connection (its name).") with
                {
                    MaxLength = 64,
                },
                Field.Text("connected_account_id", "Only this account.") with
                {
                    MaxLength = 32,
                },
                .. Field.Paging,
            ],
            Errors = [ErrorCatalogue.NotFound],
        };

    public static DateTimeOffset Since(Call call, TimeProvider time) =>
        time.GetUtcNow() - TimeSpan.FromDays(call.Query.Number("days") ?? 90);

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        if (!call.Cursor().TryGet(out var cursor, out var wrong) && wrong is not null)
            return wrong;
        var query = call.Query;
        if (query.Text("connection") is { } name && !ConnectionName.IsValid(name))
            return VaultError.Invalid("connection", "has " + ConnectionName.Rule);
        if (query.Text("connected_account_id") is { } id)
        {
            if (!AccountId.TryParse(id, out var account))
                return VaultError.Invalid("connected_account_id", "is not an id of the form ca_…");
            var found = await finder.FindAsync(call.Organization, account, cancellationToken);
            return found.TryGet(out var row, out var missing)
                ? Answer.Ok(
                    new ListView<AccountScopesView>(
                        [AccountScopesView.Of(await report.OfAsync(row, Since(call, time), cancellationToken))],
                        null
                    )
                )
                : missing;
        }

        var filter = new AccountFilter(
            Connection: query.Text("connection") is { } connection ? new ConnectionName(connection) : null
        );
        return Answer.Ok(
            call.List(
                await report.PageAsync(
                    call.Organization,
                    filter,
                    Since(call, time),
                    call.PageSize,
                    cursor,
                    cancellationToken
                ),
                AccountScopesView.Of
            )
        );
    }
}
