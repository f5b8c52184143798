namespace Vault.Core.Accounts;

/// <summary>The result of a refresh.</summary>
/// <param name="Status">The account's status afterwards.</param>
/// <param name="Generation">The current generation afterwards.</param>
/// <param name="Refreshed">Whether this attempt made a new generation; false when it was made before.</param>
/// <param name="Wait">The cool-down that is left, where the current token is still live; null when there is
/// none.</param>
public sealed record RefreshResult(
    AccountStatus Status,
    long Generation,
    bool Refreshed,
    DateTimeOffset? AccessExpiresAt,
    TimeSpan? Wait = null
);
