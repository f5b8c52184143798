using Vault.Core.Identity;
using Vault.Core.Scopes;

namespace Vault.TestKit.Memory;

public sealed class MemoryScopeUseStore(MemoryStore store) : IScopeUseStore
{
    internal Dictionary<(OrganizationId, AccountId, string), ScopeUse> Rows { get; } = [];

    public Task AddAsync(IReadOnlyList<ScopeUse> uses, CancellationToken cancellationToken) =>
        store.RunAsync(
            "scope_uses.add",
            () =>
            {
                foreach (var use in uses.Where(u => store.Accounts.Knows(u.Organization, u.Account)))
                {
                    var key = (use.Organization, use.Account, use.Scope);
                    Rows[key] = !Rows.TryGetValue(key, out var known)
                        ? use
                        : known with
                        {
                            Uses = known.Uses + use.Uses,
                            LastUsedAt = Later(known.LastUsedAt, use.LastUsedAt),
                            Refusals = known.Refusals + use.Refusals,
                            LastRefusedAt = Later(known.LastRefusedAt, use.LastRefusedAt),
                        };
                }

                return true;
            },
            cancellationToken
        );

    public Task<IReadOnlyList<ScopeUse>> ListAsync(
        OrganizationId organization,
        AccountId from,
        AccountId to,
        CancellationToken cancellationToken
    ) =>
        store.RunAsync<IReadOnlyList<ScopeUse>>(
            "scope_uses.list",
            () =>
                [
                    .. Rows
                        .Values.Where(u =>
                            u.Organization == organization
                            && string.CompareOrdinal(u.Account.Value, from.Value) >= 0
                            && string.CompareOrdinal(u.Account.Value, to.Value) <= 0
                        )
                        .OrderBy(u => u.Account.Value, StringComparer.Ordinal)
                        .ThenBy(u => u.Scope, StringComparer.Ordinal),
                ],
            cancellationToken
        );

    private static DateTimeOffset? Later(DateTimeOffset? a, DateTimeOffset? b) => a is null || b > a ? b : a;
}
