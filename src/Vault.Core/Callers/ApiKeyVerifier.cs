using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Vault.Core.Ledger;

namespace Vault.Core.Callers;

/// <summary>
/// Turns the text of an API key into a caller, or null. Every reason for a refusal looks the same to the caller.
/// </summary>
public sealed class ApiKeyVerifier(IApiKeyStore store, KeyUses uses, TimeProvider time, CallerOptions options)
{
    // Keyed by the digest of the whole text: a wrong secret never finds the entry of a valid key, and the cache holds
    // no key in plaintext.
    private readonly ConcurrentDictionary<LedgerHash, Known> _cache = new();

    /// <summary>Whether the text was that of a key when it was last looked up; it may have ended since.</summary>
    public bool Knows(string? text) => text is { Length: ApiKeyText.Length } && _cache.ContainsKey(DigestOf(text));

    public async ValueTask<Caller?> VerifyAsync(string? text, CancellationToken cancellationToken)
    {
        if (text is not { Length: ApiKeyText.Length })
            return null;
        var cacheKey = DigestOf(text);
        var now = time.GetUtcNow();
        if (
            !_cache.TryGetValue(cacheKey, out var known)
            || now - known.ReadAt >= options.Freshness
            || now < known.ReadAt
        )
        {
            if (!ApiKeyText.TryParse(text, out var id, out var secret))
                return null;
            var row = await store.FindAsync(id, cancellationToken).ConfigureAwait(false);
            if (
                row is null
                || !CryptographicOperations.FixedTimeEquals(
                    Encoding.ASCII.GetBytes(row.SecretHash),
                    Encoding.ASCII.GetBytes(ApiKeyText.Hash(secret))
                )
            )
                return null;
            if (_cache.Count >= options.CachedKeys)
                _cache.Clear();
            // The stamp is the time before the read, so the cached row is at least as new as its stamp.
            known = new Known(row, Caller.Of(row), now);
            _cache[cacheKey] = known;
        }

        if (known.Row.RevokedAt is not null || known.Row.ExpiresAt <= now)
            return null;
        uses.Note(known.Row.Id, now);
        return known.Caller;
    }

    private static LedgerHash DigestOf(string text)
    {
        Span<byte> utf8 = stackalloc byte[ApiKeyText.Length * 3];
        return LedgerHash.Of(utf8[..Encoding.UTF8.GetBytes(text, utf8)]);
    }

    private sealed record Known(ApiKeyRow Row, Caller Caller, DateTimeOffset ReadAt);
}
