using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Scopes;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Scopes;

internal sealed record ScopeTotalView(
    string Scope,
    long GrantedBy,
    long UnusedBy,
    long Uses,
    DateTimeOffset? LastUsedAt,
    long Refusals
)
{
    public static ScopeTotalView Of(ScopeTotal total) =>
        new(total.Scope, total.GrantedBy, total.UnusedBy, total.Uses, total.LastUsedAt, total.Refusals);
}

/// <param name="NeverUsed">Scopes that no account that holds them has used.</param>
internal sealed record ConnectionScopesView(
    string Connection,
    string Provider,
    long Accounts,
    IReadOnlyList<ScopeTotalView> Scopes,
    IReadOnlyList<string> NeverUsed
)
{
    public static ConnectionScopesView Of(ConnectionScopes scopes) =>
        new(
            scopes.Connection,
            scopes.Provider,
            scopes.Accounts,
            [.. scopes.Scopes.Select(ScopeTotalView.Of)],
            [.. scopes.Scopes.Where(s => s.GrantedBy > 0 && s.GrantedBy == s.UnusedBy).Select(s => s.Scope)]
        );
}

/// <param name="Accounts">Accounts of the whole organization.</param>
/// <param name="UnusedGrants">The number of unused pairs of account and granted scope.</param>
internal sealed record OrganizationScopesView(
    long Accounts,
    long Grants,
    long UnusedGrants,
    long Refusals,
    IReadOnlyList<ConnectionScopesView> Connections
);

/// <summary>Scope use per connection and for the organization.</summary>
internal sealed class SumScopeUse(ScopeReport report, TimeProvider time) : IRoute
{
    public Operation Operation { get; } =
        new(
            "GET",
            "/v1/scopes:summary",
            "summarizeScopeUsage",
            "Summarize granted and used scopes, per connection and for the organization"
        )
        {
            Tag = "Scopes",
            Permission = Permission.AccountsRead,
            Scope = Scope.Organization,
            Answer = typeof(OrganizationScopesView),
            Description = "Reads every account of the organization.",
            Query =
            [
                Field.Organization,
                ListScopeUse.Days,
                Field.Text("connection", "Only this connection (its name).") with
                {
                    MaxLength = 64,
                },
            ],
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken)
    {
        if (call.Query.Text("connection") is { } text && !ConnectionName.IsValid(text))
            return VaultError.Invalid("connection", "has " + ConnectionName.Rule);
        var connection = call.Query.Text("connection") is { } name ? new ConnectionName(name) : (ConnectionName?)null;
        var all = await report.TotalsAsync(
            call.Organization,
            connection,
            ListScopeUse.Since(call, time),
            cancellationToken
        );
        var scopes = all.SelectMany(c => c.Scopes).ToList();
        return Answer.Ok(
            new OrganizationScopesView(
                all.Sum(c => c.Accounts),
                scopes.Sum(s => s.GrantedBy),
                scopes.Sum(s => s.UnusedBy),
                scopes.Sum(s => s.Refusals),
                [.. all.Select(ConnectionScopesView.Of)]
            )
        );
    }
}
