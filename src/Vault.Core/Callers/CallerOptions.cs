namespace Vault.Core.Callers;

public sealed record CallerOptions
{
    /// <summary>
    /// How long a host may trust its copy of a key without asking the store. A revocation is acknowledged only after it
    /// (law 8); too long makes revoking slow, zero costs a read per request.
    /// </summary>
    public TimeSpan Freshness { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Keys cached at a time; beyond it the cache starts anew rather than grow.</summary>
    public int CachedKeys { get; init; } = 10_000;

    /// <summary>The longest overlap of a rotation.</summary>
    public TimeSpan LongestOverlap { get; init; } = TimeSpan.FromDays(30);
}
