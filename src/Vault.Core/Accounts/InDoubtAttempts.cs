using System.Collections.Immutable;

namespace Vault.Core.Accounts;

/// <summary>An attempt of this generation that may have been sent, and since when.</summary>
public sealed record InDoubtAttempt(string AttemptId, DateTimeOffset SentAt);

/// <summary>
/// Earlier attempts of this generation whose outcome nobody knows; the provider may have consumed the refresh token.
/// </summary>
/// <param name="AttemptId">The attempt; <see cref="Several"/> where more than one is in doubt.</param>
/// <param name="FirstSentAt">When the first of them was noted, since a grace window began there.</param>
public sealed record InDoubtAttempts(string AttemptId, DateTimeOffset FirstSentAt)
{
    /// <summary>
    /// In place of the attempt's id where more than one is in doubt. A host that knows no list of attempts reads this
    /// word, and lets no single one settle the doubt.
    /// </summary>
    public const string Several = "several";

    /// <summary>More are not told apart: the row stays small, and then only a reply settles it.</summary>
    public const int MaxAttempts = 8;

    /// <summary>
    /// The several, in the order in which they held the lease. Empty for a single one, where there were more than
    /// <see cref="MaxAttempts"/>, and in a row that names no more than the word.
    /// </summary>
    public ImmutableArray<InDoubtAttempt> Attempts { get; init; } = [];

    private ImmutableArray<InDoubtAttempt> Each =>
        !Attempts.IsDefaultOrEmpty ? Attempts
        : AttemptId == Several ? []
        : [new(AttemptId, FirstSentAt)];

    public bool Includes(string attemptId) => Each.Any(a => a.AttemptId == attemptId);

    /// <summary>No attempt before this one may have used the token up.</summary>
    public bool BeganWith(string attemptId) => Each is [var first, ..] && first.AttemptId == attemptId;

    public static InDoubtAttempts Of(RefreshIntent attempt)
    {
        ArgumentNullException.ThrowIfNull(attempt);
        return new InDoubtAttempts(attempt.AttemptId, attempt.StartedAt);
    }

    /// <summary>One attempt more in doubt.</summary>
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

    /// <summary>What is left when this attempt is known not to have used the token up; null for no doubt.</summary>
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
