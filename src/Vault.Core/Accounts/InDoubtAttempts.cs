using System.Collections.Immutable;

namespace Vault.Core.Accounts;

/// <summary>An attempt of this generation that may have been sent, and when it was recorded.</summary>
public sealed record InDoubtAttempt(string AttemptId, DateTimeOffset SentAt);

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
    /// The attempts in the order in which they held the lease. Empty for a single attempt, for more than
    /// <see cref="MaxAttempts"/>, and in a row of a version without this list.
    /// </summary>
    public ImmutableArray<InDoubtAttempt> Attempts { get; init; } = [];

    private ImmutableArray<InDoubtAttempt> Each =>
        !Attempts.IsDefaultOrEmpty ? Attempts
        : AttemptId == Several ? []
        : [new(AttemptId, FirstSentAt)];

    public bool Includes(string attemptId) => Each.Any(a => a.AttemptId == attemptId);

    /// <summary>No earlier attempt can have consumed the token.</summary>
    public bool BeganWith(string attemptId) => Each is [var first, ..] && first.AttemptId == attemptId;

    public static InDoubtAttempts Of(RefreshIntent attempt)
    {
        ArgumentNullException.ThrowIfNull(attempt);
        return new InDoubtAttempts(attempt.AttemptId, attempt.StartedAt);
    }

    /// <summary>Adds an attempt.</summary>
    public InDoubtAttempts With(RefreshIntent attempt)
    {
        ArgumentNullException.ThrowIfNull(attempt);
        if (Includes(attempt.AttemptId))
            return this;
        var known = Each;
        return known.IsEmpty || known.Length >= MaxAttempts
            ? new InDoubtAttempts(Several, FirstSentAt)
            : new InDoubtAttempts(Several, FirstSentAt)
            {
                Attempts = known.Add(new(attempt.AttemptId, attempt.StartedAt)),
            };
    }

    /// <summary>Removes an attempt that did not consume the token; null when none is left.</summary>
    public InDoubtAttempts? Without(string attemptId)
    {
        if (!Includes(attemptId))
            return this;
        var left = Each.RemoveAll(a => a.AttemptId == attemptId);
        return left switch
        {
            [] => null,
            [var one] => new InDoubtAttempts(one.AttemptId, one.SentAt),
            [var first, ..] => new InDoubtAttempts(Several, first.SentAt) { Attempts = left },
        };
    }
}
