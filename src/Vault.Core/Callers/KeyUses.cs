using System.Collections.Concurrent;

namespace Vault.Core.Callers;

/// <summary>
/// Collects when keys were used and writes the times in batches, so that no request waits for the write. A crash loses
/// at most the last batch.
/// </summary>
public sealed class KeyUses(IApiKeyStore store)
{
    private readonly ConcurrentDictionary<string, DateTimeOffset> _uses = new(StringComparer.Ordinal);

    // One second: a busy key is not updated on every request.
    private static readonly TimeSpan Precision = TimeSpan.FromSeconds(1);

    public void Note(string keyId, DateTimeOffset now)
    {
        if (!_uses.TryGetValue(keyId, out var noted) || now - noted >= Precision || now < noted)
            _uses[keyId] = now;
    }

    /// <summary>Writes the times collected since the last call and returns the number of keys.</summary>
    public async Task<int> FlushAsync(CancellationToken cancellationToken)
    {
        var batch = new List<(string, DateTimeOffset)>();
        foreach (var (id, at) in _uses)
            // Removes exactly this pair: a use noted since then stays for the next batch.
            if (_uses.TryRemove(new KeyValuePair<string, DateTimeOffset>(id, at)))
                batch.Add((id, at));
        if (batch.Count > 0)
            await store.TouchAsync(batch, cancellationToken);
        return batch.Count;
    }
}
