using System.Collections.Concurrent;

namespace Vault.Core.Callers;

/// <summary>
/// Notes when keys were used and writes the notes in one batch from time to time, so that a request never waits for it.
/// A crash loses at most the last batch of times.
/// </summary>
public sealed class KeyUses(IApiKeyStore store)
{
    private readonly ConcurrentDictionary<string, DateTimeOffset> _uses = new(StringComparer.Ordinal);

    // To the second: a busy key need not be noted anew on every request.
    private static readonly TimeSpan Precision = TimeSpan.FromSeconds(1);

    public void Note(string keyId, DateTimeOffset now)
    {
        if (!_uses.TryGetValue(keyId, out var noted) || now - noted >= Precision || now < noted)
            _uses[keyId] = now;
    }

    /// <summary>Writes what was noted since the last call; answers how many keys.</summary>
    public async Task<int> FlushAsync(CancellationToken cancellationToken)
    {
        var batch = new List<(string, DateTimeOffset)>();
        foreach (var (id, at) in _uses)
            // Removes this very pair only: a use noted meanwhile stays for the next batch.
            if (_uses.TryRemove(new KeyValuePair<string, DateTimeOffset>(id, at)))
                batch.Add((id, at));
        if (batch.Count > 0)
            await store.TouchAsync(batch, cancellationToken);
        return batch.Count;
    }
}
