using System.Collections.Concurrent;
using System.Collections.Immutable;
using Vault.Core.Identity;

namespace Vault.Core.Scopes;

/// <summary>The calls that used a scope of an account, and the calls refused because it is missing.</summary>
public sealed record ScopeUse(
    OrganizationId Organization,
    AccountId Account,
    string Scope,
    long Uses,
    DateTimeOffset? LastUsedAt,
    long Refusals,
    DateTimeOffset? LastRefusedAt
);

public interface IScopeUseStore
{
    /// <summary>Adds counts; moves times only forward. Drops uses of deleted accounts.</summary>
    Task AddAsync(IReadOnlyList<ScopeUse> uses, CancellationToken cancellationToken);

    /// <summary>
    /// The uses of the accounts with ids from <paramref name="from"/> to <paramref name="to"/> inclusive, which is the
    /// range of a page of accounts.
    /// </summary>
    Task<IReadOnlyList<ScopeUse>> ListAsync(
        OrganizationId organization,
        AccountId from,
        AccountId to,
        CancellationToken cancellationToken
    );
}

/// <summary>
/// Counts in memory; the host writes the counts periodically, because a write per call would cost too much. A killed
/// host loses the last seconds. This is acceptable: the counts are statistics and not audit evidence.
/// </summary>
public sealed class ScopeUseLog
{
    private readonly ConcurrentDictionary<
        (OrganizationId Organization, AccountId Account, string Scope),
        Count
    > _counts = new();

    public void Used(OrganizationId organization, AccountId account, ImmutableArray<string> scopes, DateTimeOffset at)
    {
        foreach (var scope in scopes)
            Note((organization, account, scope), at, refused: false);
    }

    public void Refused(
        OrganizationId organization,
        AccountId account,
        ImmutableArray<string> scopes,
        DateTimeOffset at
    )
    {
        foreach (var scope in scopes)
            Note((organization, account, scope), at, refused: true);
    }

    public IReadOnlyList<ScopeUse> Take()
    {
        var taken = new List<ScopeUse>();
        foreach (var key in _counts.Keys)
        {
            if (_counts.TryRemove(key, out var count))
                taken.Add(count.Close(key.Organization, key.Account, key.Scope));
        }

        return taken;
    }

    private void Note((OrganizationId, AccountId, string) key, DateTimeOffset at, bool refused)
    {
        // A count that Take has removed is closed and rejects the addition, so no use is lost; then use a new count.
        while (!_counts.GetOrAdd(key, static _ => new Count()).Add(at, refused)) { }
    }

    private sealed class Count
    {
        private readonly Lock _lock = new();
        private long _uses;
        private long _refusals;
        private DateTimeOffset? _lastUsedAt;
        private DateTimeOffset? _lastRefusedAt;
        private bool _closed;

        public bool Add(DateTimeOffset at, bool refused)
        {
            lock (_lock)
            {
                if (_closed)
                    return false;
                if (refused)
                {
                    _refusals++;
                    _lastRefusedAt = at;
                }
                else
                {
                    _uses++;
                    _lastUsedAt = at;
                }

                return true;
            }
        }

        public ScopeUse Close(OrganizationId organization, AccountId account, string scope)
        {
            lock (_lock)
            {
                _closed = true;
                return new ScopeUse(organization, account, scope, _uses, _lastUsedAt, _refusals, _lastRefusedAt);
            }
        }
    }
}
