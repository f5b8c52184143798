using System.Collections.Immutable;

namespace Vault.Core.Accounts;

/// <summary>An attempt of this generation that may have been sent, and when it was recorded.</summary>
public sealed record InDoubtAttempt(string AttemptId, DateTimeOffset SentAt)
{
    /// <summary>The process that made it; null in a row of a version that did not keep it.</summary>
    public string? Holder { get; init; }

    /// <summary>
    /// Nothing more will be heard of it: its holder has reported that the outcome is unknown, or is dead and has left
    /// nothing in its folder.
    /// </summary>
    public bool Settled { get; init; }
}

/// <summary>
/// Earlier attempts of this generation whose outcome is unknown; the provider may have consumed the refresh token.
/// </summary>
/// <param name="AttemptId">The attempt; <see cref="Several"/> where more than one is in doubt.</param>
/// <param name="FirstSentAt">When the first of them was recorded; a grace window begins there.</param>
public sealed record InDoubtAttempts(string AttemptId, DateTimeOffset FirstSentAt)
{
    /// <summary>
    /// Replaces the attempt's id where more than one is in doubt. A host of a version without the list of attempts
    /// reads this value, which matches no single attempt, so none of them settles all.
    /// </summary>
    public const string Several = "several";

    /// <summary>More are not listed, so the row stays small; then only a token response settles them.</summary>
    public const int MaxAttempts = 8;

    /// <summary>
    /// The attempts in the order in which they held the lease. Empty for more than <see cref="MaxAttempts"/>, and for a
    /// single attempt in a row of an earlier version.
    /// </summary>
    public ImmutableArray<InDoubtAttempt> Attempts { get; init; } = [];

    /// <summary>When the last of them was recorded; null in a row of an earlier version.</summary>
    public DateTimeOffset? LastSentAt { get; init; }

    private ImmutableArray<InDoubtAttempt> Each =>
        !Attempts.IsDefaultOrEmpty ? Attempts
        : AttemptId == Several ? []
        : [new(AttemptId, FirstSentAt)];

    public bool Includes(string attemptId) => Each.Any(a => a.AttemptId == attemptId);

    /// <summary>No earlier attempt can have consumed the token.</summary>
    public bool BeganWith(string attemptId) => Each is [var first, ..] && first.AttemptId == attemptId;

    public static InDoubtAttempts Of(RefreshIntent attempt, bool settled = false)
    {
        ArgumentNullException.ThrowIfNull(attempt);
        return From([Listed(attempt, settled)], attempt.StartedAt);
    }

    /// <summary>Adds an attempt.</summary>
    public InDoubtAttempts With(RefreshIntent attempt, bool settled = false)
    {
        ArgumentNullException.ThrowIfNull(attempt);
        if (Includes(attempt.AttemptId))
            return this;
        var known = Each;

        // A settled attempt stays in doubt for good, so one of several is enough to say that there was one.
        if (known.FirstOrDefault(a => a.Settled) is { } kept)
            known = known.RemoveAll(a => a.Settled && a != kept);
        return known.IsEmpty || known.Length >= MaxAttempts
            ? new InDoubtAttempts(Several, FirstSentAt) { LastSentAt = attempt.StartedAt }
            : From(known.Add(Listed(attempt, settled)), attempt.StartedAt) with
            {
                FirstSentAt = FirstSentAt,
            };
    }

    /// <summary>Removes an attempt that did not consume the token; null when none is left.</summary>
    public InDoubtAttempts? Without(string attemptId)
    {
        if (!Includes(attemptId))
            return this;
        var left = Each.RemoveAll(a => a.AttemptId == attemptId);
        return left.IsEmpty ? null : From(left, left[^1].SentAt);
    }

    /// <summary>Marks the attempts that <paramref name="which"/> selects; the same value when that changes none.</summary>
    public InDoubtAttempts Settle(Func<InDoubtAttempt, bool> which)
    {
        var known = Each;
        return known.Any(a => !a.Settled && which(a))
            ? this with
            {
                Attempts = [.. known.Select(a => which(a) ? a with { Settled = true } : a)],
            }
            : this;
    }

    /// <summary>
    /// From when on nothing can come of these attempts. A reported one gets <paramref name="rest"/>, in which a request
    /// that its sender has given up still reaches the provider; of an attempt without a reported outcome, the holder
    /// may
    /// return with the response until <paramref name="horizon"/>.
    /// </summary>
    public DateTimeOffset SettledAt(TimeSpan rest, TimeSpan horizon)
    {
        var known = Each;
        return known.IsEmpty
            ? (LastSentAt ?? FirstSentAt) + horizon
            : known.Max(a => a.SentAt + (a.Settled ? rest : horizon));
    }

    /// <summary>The processes that have not reported what became of their attempt.</summary>
    public IEnumerable<string> Unreported =>
        Each.Where(a => a is { Settled: false, Holder: not null }).Select(a => a.Holder!);

    private static InDoubtAttempt Listed(RefreshIntent attempt, bool settled) =>
        new(attempt.AttemptId, attempt.StartedAt) { Holder = attempt.Holder, Settled = settled };

    private static InDoubtAttempts From(ImmutableArray<InDoubtAttempt> attempts, DateTimeOffset last) =>
        new(attempts is [var one] ? one.AttemptId : Several, attempts[0].SentAt)
        {
            Attempts = attempts,
            LastSentAt = last,
        };
}
