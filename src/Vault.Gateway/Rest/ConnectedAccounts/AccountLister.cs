using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.ConnectedAccounts;

/// <summary>The filters and the query that listing and searching share.</summary>
internal sealed class AccountLister(IAccountStore store)
{
    public static IReadOnlyList<Field> Filters { get; } =
    [
        Field.Organization,
        Field.Text("user_id", "Only accounts of this user.") with
        {
            MaxLength = UserId.MaxLength,
            Aliases = ["identifier"],
        },
        Field.Text("connection", "Only accounts of this connection (its name).") with
        {
            MaxLength = 64,
            Aliases = ["connector", "connection_name"],
        },
        Field.Text("provider", "Only accounts of this provider.") with
        {
            MaxLength = 64,
        },
        Field.Text("status", "Only accounts in this status.") with
        {
            Values = StatusWords.All,
        },
        .. Field.Paging,
    ];

    public async Task<Answer> ListAsync(Call call, CancellationToken cancellationToken)
    {
        var query = call.Query;
        if (query.Text("user_id") is { } user && !UserId.IsValid(user))
            return VaultError.Invalid("user_id", "has " + UserId.Rule);
        if (query.Text("connection") is { } connection && !ConnectionName.IsValid(connection))
            return VaultError.Invalid("connection", "has " + ConnectionName.Rule);
        if (!call.Cursor().TryGet(out var cursor, out var wrong) && wrong is not null)
            return wrong;
        var filter = new AccountFilter(
            query.Text("user_id") is { } u ? new UserId(u) : null,
            query.Text("connection") is { } c ? new ConnectionName(c) : null,
            query.Text("provider"),
            StatusWords.Parse(query.Text("status"))
        );
        var page = await store.ListAsync(call.Organization, filter, call.PageSize, cursor, cancellationToken);
        // A limited key gets shorter pages, and the same page tokens.
        return Answer.Ok(
            call.List(
                page with
                {
                    Items = [.. page.Items.Where(row => call.Caller.Constraints.Allows(row.Key))],
                },
                AccountView.Of
            )
        );
    }
}
