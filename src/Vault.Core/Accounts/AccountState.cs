using System.Collections.Immutable;
using Vault.Core.Identity;

namespace Vault.Core.Accounts;

/// <summary>What is known about the grant in hand; the tokens themselves are sealed beside it.</summary>
/// <param name="ObtainedAt">When the provider issued it.</param>
/// <param name="AccessExpiresAt">When the access token runs out; null when the provider does not say (fall back on its
/// 401).</param>
/// <param name="HasRefreshToken">Whether a refresh token, or a sealed credential that can mint anew, is there.</param>
/// <param name="RefreshExpiresAt">The refresh token's own hard end, where the provider states one.</param>
/// <param name="FirstConsentAt">When the user consented; absolute lifetimes count from here.</param>
public sealed record GrantFacts(
    DateTimeOffset ObtainedAt,
    DateTimeOffset? AccessExpiresAt,
    bool HasRefreshToken,
    DateTimeOffset? RefreshExpiresAt,
    DateTimeOffset FirstConsentAt
);

/// <summary>
/// Written before the token endpoint is called (law 3): who is calling, since when, and until when nobody else may.
/// </summary>
public sealed record RefreshIntent(
    string AttemptId,
    string Holder,
    DateTimeOffset StartedAt,
    DateTimeOffset LeaseUntil
);

/// <summary>
/// Everything the lifecycle decides on. Immutable; a change is a new value written by compare-and-swap on the row's
/// version.
/// </summary>
public sealed record AccountState
{
    public required AccountStatus Status { get; init; }

    /// <summary>
    /// One of <see cref="StatusReason"/>; null exactly when the status is <see cref="AccountStatus.Active"/>.
    /// </summary>
    public string? Reason { get; init; }

    /// <summary>Counts the grants this account has had; the sealed grant is bound to it. 0 means none yet.</summary>
    public long Generation { get; init; }

    public GrantFacts? Grant { get; init; }

    /// <summary>
    /// New access tokens are minted from a credential that is not used up (client credentials, key pair); nothing
    /// rotates.
    /// </summary>
    public bool Mints { get; init; }

    public RefreshIntent? Intent { get; init; }

    public InDoubtAttempts? Doubt { get; init; }

    /// <summary>The API refused this generation's access token before its time.</summary>
    public bool AccessRejected { get; init; }

    /// <summary>
    /// Generations in a row that the API refused soon after they were made; bounds what an API that refuses everything
    /// costs the token endpoint.
    /// </summary>
    public int RejectedInRow { get; init; }

    /// <summary>Consecutive failed refreshes of this generation.</summary>
    public int Failures { get; init; }

    public DateTimeOffset? CooldownUntil { get; init; }

    /// <summary>The last refresh failure in the catalogue's words; for people, never for decisions.</summary>
    public string? LastFailure { get; init; }

    public DateTimeOffset? LastRefreshedAt { get; init; }

    public UpstreamRevocation Revocation { get; init; }

    /// <summary>
    /// The link whose consent gave the grant in hand; null for what was brought. It tells whether a consent that nobody
    /// finished came as far as this row.
    /// </summary>
    public string? ConsentLink { get; init; }

    public ImmutableArray<string> RequestedScopes { get; init; } = [];

    public ImmutableArray<string> GrantedScopes { get; init; } = [];

    public ProviderIdentity? Identity { get; init; }

    /// <summary>Last characters of an own credential, for people to tell keys apart.</summary>
    public string? MaskedSuffix { get; init; }

    /// <summary>
    /// Captured, validated parameters of the account (for example <c>instance_url</c>); never secret.
    /// </summary>
    public ImmutableSortedDictionary<string, string> Parameters { get; init; } =
        ImmutableSortedDictionary<string, string>.Empty;
}
