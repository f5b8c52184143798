using System.Collections.Immutable;
using Vault.Core.Accounts;
using Vault.Core.Identity;
using Vault.Core.Packs;
using Vault.Core.Persistence;

namespace Vault.Core.Scopes;

/// <summary>A granted scope of an account.</summary>
/// <param name="LastUsedAt">Null when no call has used it since it was granted or since uses are counted.</param>
public sealed record HeldScope(string Scope, long Uses, DateTimeOffset? LastUsedAt);

/// <summary>A scope that an account lacks, and how many calls were refused for that reason.</summary>
public sealed record WantedScope(string Scope, long Refusals, DateTimeOffset LastRefusedAt);

/// <summary>The granted and the used scopes of an account.</summary>
/// <param name="Unused">Granted scopes without a use since the requested time. Empty for an account that was connected
/// after that time. The provider's default scopes do not count, because no tool uses them by name.</param>
public sealed record AccountScopes(
    AccountRow Account,
    ImmutableArray<HeldScope> Held,
    ImmutableArray<HeldScope> Unused,
    ImmutableArray<WantedScope> Wanted
);

/// <summary>The totals of one connection's accounts.</summary>
public sealed record ConnectionScopes(
    string Connection,
    string Provider,
    long Accounts,
    ImmutableArray<ScopeTotal> Scopes
);

/// <param name="GrantedBy">The number of accounts with the scope.</param>
/// <param name="UnusedBy">The number of accounts with the scope that have not used it since the requested time.</param>
public sealed record ScopeTotal(
    string Scope,
    long GrantedBy,
    long UnusedBy,
    long Uses,
    DateTimeOffset? LastUsedAt,
    long Refusals
);

/// <summary>Joins accounts with their scope uses.</summary>
public sealed class ScopeReport(IAccountStore accounts, IScopeUseStore uses, IPacks packs)
{
    private const int Batch = 500;

    /// <summary>A page of accounts, in the order of the account list.</summary>
    /// <param name="since">Uses before this time do not count.</param>
    public async Task<Page<AccountScopes>> PageAsync(
        OrganizationId organization,
        AccountFilter filter,
        DateTimeOffset since,
        int pageSize,
        string? cursor,
        CancellationToken cancellationToken
    )
    {
        var page = await accounts.ListAsync(organization, filter, pageSize, cursor, cancellationToken);
        return new Page<AccountScopes>(
            await JoinAsync(organization, page.Items, since, cancellationToken),
            page.Cursor
        );
    }

    public async Task<AccountScopes> OfAsync(
        AccountRow account,
        DateTimeOffset since,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(account);
        return (await JoinAsync(account.Key.Organization, [account], since, cancellationToken))[0];
    }

    /// <summary>
    /// The totals of every connection of the organization, or of one connection. The memory use depends on the number
    /// of scopes, not of accounts.
    /// </summary>
    public async Task<IReadOnlyList<ConnectionScopes>> TotalsAsync(
        OrganizationId organization,
        ConnectionName? connection,
        DateTimeOffset since,
        CancellationToken cancellationToken
    )
    {
        var totals = new SortedDictionary<
            string,
            (string Provider, long Accounts, SortedDictionary<string, ScopeTotal> Scopes)
        >(StringComparer.Ordinal);
        string? cursor = null;
        do
        {
            var page = await PageAsync(
                organization,
                new AccountFilter(Connection: connection),
                since,
                Batch,
                cursor,
                cancellationToken
            );
            foreach (var account in page.Items)
            {
                var name = account.Account.Key.Connection.Value;
                var (provider, count, scopes) = totals.TryGetValue(name, out var known)
                    ? known
                    : (account.Account.Provider, 0, new SortedDictionary<string, ScopeTotal>(StringComparer.Ordinal));
                totals[name] = (provider, count + 1, scopes);
                foreach (var held in account.Held)
                    Add(scopes, held.Scope, t =>
                        t with
                        {
                            GrantedBy = t.GrantedBy + 1,
                            Uses = t.Uses + held.Uses,
                            LastUsedAt = Later(t.LastUsedAt, held.LastUsedAt),
                        }
                    );
                foreach (var unused in account.Unused)
                    Add(scopes, unused.Scope, t => t with { UnusedBy = t.UnusedBy + 1 });
                foreach (var wanted in account.Wanted)
                    Add(scopes, wanted.Scope, t => t with { Refusals = t.Refusals + wanted.Refusals });
            }

            cursor = page.Cursor;
        } while (cursor is not null);
        return
        [
            .. totals.Select(t => new ConnectionScopes(
                t.Key,
                t.Value.Provider,
                t.Value.Accounts,
                [.. t.Value.Scopes.Values]
            )),
        ];
    }

    private async Task<IReadOnlyList<AccountScopes>> JoinAsync(
        OrganizationId organization,
        IReadOnlyList<AccountRow> rows,
        DateTimeOffset since,
        CancellationToken cancellationToken
    )
    {
        if (rows.Count == 0)
            return [];
        var (first, last) = (
            rows.MinBy(r => r.Id.Value, StringComparer.Ordinal)!.Id,
            rows.MaxBy(r => r.Id.Value, StringComparer.Ordinal)!.Id
        );
        var counted = (await uses.ListAsync(organization, first, last, cancellationToken)).ToLookup(u => u.Account);
        return
        [
            .. rows.Select(row =>
                Join(row, counted[row.Id], since, packs.TryGet(row.Provider, out var pack) ? pack.DefaultScopes : [])
            ),
        ];
    }

    private static AccountScopes Join(
        AccountRow row,
        IEnumerable<ScopeUse> counted,
        DateTimeOffset since,
        ImmutableArray<string> always
    )
    {
        var byScope = counted.ToDictionary(u => u.Scope, StringComparer.Ordinal);
        var alive = row.State.Status is AccountStatus.Active or AccountStatus.Expired or AccountStatus.RequiresReauth;
        ImmutableArray<HeldScope> held = alive
            ?
            [
                .. row.State.GrantedScopes.Select(s =>
                    byScope.TryGetValue(s, out var use)
                        ? new HeldScope(s, use.Uses, use.LastUsedAt)
                        : new HeldScope(s, 0, null)
                ),
            ]
            : [];
        var connectedSince = (row.State.Grant?.FirstConsentAt ?? row.CreatedAt) > since;
        return new AccountScopes(
            row,
            held,
            connectedSince ? [] : [.. held.Where(h => !(h.LastUsedAt >= since) && !always.Contains(h.Scope))],
            [
                .. byScope
                    .Values.Where(u => u.LastRefusedAt is not null)
                    .OrderBy(u => u.Scope, StringComparer.Ordinal)
                    .Select(u => new WantedScope(u.Scope, u.Refusals, u.LastRefusedAt!.Value)),
            ]
        );
    }

    private static void Add(
        SortedDictionary<string, ScopeTotal> scopes,
        string scope,
        Func<ScopeTotal, ScopeTotal> change
    ) =>
        scopes[scope] = change(
            scopes.TryGetValue(scope, out var known) ? known : new ScopeTotal(scope, 0, 0, 0, null, 0)
        );

    private static DateTimeOffset? Later(DateTimeOffset? a, DateTimeOffset? b) => a is null || b > a ? b : a;
}
