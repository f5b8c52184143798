using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace Vault.Core.Callers;

/// <summary>Turns the text of a key into a caller, or nothing. Every reason for nothing looks the same from outside.</summary>
public sealed class ApiKeyVerifier(IApiKeyStore store, KeyUses uses, TimeProvider time, CallerOptions options)
{
    private readonly ConcurrentDictionary<string, (ApiKeyRow Row, DateTimeOffset ReadAt)> _cache = new(StringComparer.Ordinal);

    public async ValueTask<Caller?> VerifyAsync(string? text, CancellationToken cancellationToken)
    {
        if (!ApiKeyText.TryParse(text, out var id, out var secret)) return null;
        var hash = ApiKeyText.Hash(secret);
        // The cache is keyed by id and digest: a wrong secret never meets the entry of a right one.
        var cacheKey = id + hash;
        var now = time.GetUtcNow();
        if (!_cache.TryGetValue(cacheKey, out var known) || now - known.ReadAt >= options.Freshness || now < known.ReadAt)
        {
            var row = await store.FindAsync(id, cancellationToken);
            if (row is null || !CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(row.SecretHash), Encoding.ASCII.GetBytes(hash))) return null;
            if (_cache.Count >= options.CachedKeys) _cache.Clear();
            // Stamped with the time before the read: the copy is never younger than it says.
            known = (row, now);
            _cache[cacheKey] = known;
        }

        var key = known.Row;
        if (key.RevokedAt is not null || key.ExpiresAt <= now) return null;
        uses.Note(key.Id);
        return new Caller(key.Id, key.Organization, key.Permissions);
    }
}
