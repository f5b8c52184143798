using Vault.Core.Identity;
using Vault.Core.Scopes;
using Vault.Storage.Sql;

namespace Vault.Storage.Stores;

/// <summary>
/// The uses of scopes. An addition is a sum and a maximum, so hosts may write the same rows in any order.
/// </summary>
internal sealed class SqlScopeUseStore(IDatabase database) : IScopeUseStore
{
    // The lock keeps the account until the commit: if a purge deleted it in between, the foreign key would fail the
    // whole batch.
    private const string AddSql = """
        insert into scope_uses (organization_id, account_id, scope, uses, last_used_at, refusals, last_refused_at)
        select @organization, @account, @scope, @uses, @last_used_at, @refusals, @last_refused_at
        where exists (select 1 from accounts where id = @account and organization_id = @organization{lock})
        on conflict (organization_id, account_id, scope) do update set
          uses = scope_uses.uses + excluded.uses,
          refusals = scope_uses.refusals + excluded.refusals,
          last_used_at = case when excluded.last_used_at is null or excluded.last_used_at < scope_uses.last_used_at
          then scope_uses.last_used_at else excluded.last_used_at end,
          last_refused_at = case when excluded.last_refused_at is null or excluded.last_refused_at <
          scope_uses.last_refused_at then scope_uses.last_refused_at else excluded.last_refused_at end
        """;

    private const string ListSql = """
        select account_id, scope, uses, last_used_at, refusals, last_refused_at from scope_uses
        where organization_id = @organization and account_id >= @from and account_id <= @to order by account_id, scope
        """;

    public async Task AddAsync(IReadOnlyList<ScopeUse> uses, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(uses);
        var add = AddSql.Replace("{lock}", database.Pick(" for key share", ""), StringComparison.Ordinal);
        // Every host adds in the same order, so two hosts that add to the same rows cannot deadlock.
        var steps = uses.OrderBy(u => u.Account.Value, StringComparer.Ordinal)
            .ThenBy(u => u.Scope, StringComparer.Ordinal)
            .Select(u => new Step(
                Scope.Of(u.Organization),
                new Statement(add)
                    .Text("organization", u.Organization.Value)
                    .Text("account", u.Account.Value)
                    .Text("scope", u.Scope)
                    .Integer("uses", u.Uses)
                    .Time("last_used_at", u.LastUsedAt)
                    .Integer("refusals", u.Refusals)
                    .Time("last_refused_at", u.LastRefusedAt)
            ))
            .ToList();
        if (steps.Count > 0)
            await database.BatchAsync(steps, cancellationToken);
    }

    public async Task<IReadOnlyList<ScopeUse>> ListAsync(
        OrganizationId organization,
        AccountId from,
        AccountId to,
        CancellationToken cancellationToken
    ) =>
        await database.ReadAsync(
            Scope.Of(organization),
            new Statement(ListSql)
                .Text("organization", organization.Value)
                .Text("from", from.Value)
                .Text("to", to.Value),
            r => new ScopeUse(
                organization,
                new AccountId(r.GetString(0)),
                r.GetString(1),
                r.GetInt64(2),
                r.TimeOrNull(3),
                r.GetInt64(4),
                r.TimeOrNull(5)
            ),
            cancellationToken
        );
}
