using System.Collections.Concurrent;
using Vault.Core.Identity;

namespace Vault.Core.Execution;

/// <summary>
/// When accounts were last used. Collected in memory and written by the host periodically, because a write for each
/// call would cost more than the call.
/// </summary>
public sealed class UseLog
{
    private readonly ConcurrentDictionary<(OrganizationId Organization, AccountId Id), DateTimeOffset> _uses = new();

    // To the second: an account in constant use is not recorded again for each call.
    private static readonly TimeSpan Precision = TimeSpan.FromSeconds(1);

    public void Note(OrganizationId organization, AccountId id, DateTimeOffset at)
    {
        if (!_uses.TryGetValue((organization, id), out var noted) || at - noted >= Precision || at < noted)
            _uses[(organization, id)] = at;
    }

    public IReadOnlyList<(OrganizationId Organization, AccountId Id, DateTimeOffset UsedAt)> Take()
    {
        var taken = new List<(OrganizationId, AccountId, DateTimeOffset)>();
        foreach (var key in _uses.Keys)
            if (_uses.TryRemove(key, out var at))
                taken.Add((key.Organization, key.Id, at));
        return taken;
    }
}
