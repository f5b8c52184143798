namespace Vault.Core.Accounts;

/// <summary>What a refresh came to.</summary>
/// <param name="Status">The account's status afterwards.</param>
/// <param name="Generation">The generation in hand afterwards.</param>
/// <param name="Refreshed">Whether this call made a new generation; false when somebody else already had.</param>
/// <param name="Wait">Until the vault asks the provider again, where it holds back for now and the token in hand lives
/// on.</param>
public sealed record RefreshResult(
    AccountStatus Status,
    long Generation,
    bool Refreshed,
    DateTimeOffset? AccessExpiresAt,
    TimeSpan? Wait = null
);
