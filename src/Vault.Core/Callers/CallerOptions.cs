namespace Vault.Core.Callers;

public sealed record CallerOptions
{
    /// <summary>
    /// How long a host may use its cached copy of a key without reading the store. A revocation returns only after this
    /// time (law 8): a long time makes revocation slow, zero costs a read per request.
    /// </summary>
    public TimeSpan Freshness { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The maximum number of cached keys. A full cache is cleared, so it never grows further.</summary>
    public int CachedKeys { get; init; } = 10_000;

    /// <summary>The longest overlap of a rotation.</summary>
    public TimeSpan LongestOverlap { get; init; } = TimeSpan.FromDays(30);

    /// <summary>
    /// The longest life of a key that a caller makes; null: no limit. A key that an operator makes (the first one, a
    /// recovered one) has no end: no key above it could make the next.
    /// </summary>
    public TimeSpan? LongestLife { get; init; } = TimeSpan.FromDays(90);

    /// <summary>The maximum number of makers above a key.</summary>
    public int DeepestLineage { get; init; } = 16;
}
