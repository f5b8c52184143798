using System.Collections.Concurrent;
using Vault.Core.Identity;

namespace Vault.Core.Execution;

/// <summary>
/// When accounts were last used; collected in memory and written now and then by the host, because a write per call
/// would cost more than the call.
/// </summary>
public sealed class UseLog
{
    private readonly ConcurrentDictionary<(OrganizationId Organization, AccountId Id), DateTimeOffset> _uses = new();

    // To the second: an account in use need not be noted anew on every call.
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
