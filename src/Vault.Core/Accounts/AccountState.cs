using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Packs;

namespace Vault.Core.Accounts;

/// <summary>Facts about the current grant; the tokens are sealed in the row.</summary>
/// <param name="ObtainedAt">When the provider issued it.</param>
/// <param name="AccessExpiresAt">When the access token expires; null when the provider does not say (its 401 shows the
/// expiry).</param>
/// <param name="HasRefreshToken">Whether there is a refresh token, or a sealed credential that can mint.</param>
/// <param name="RefreshExpiresAt">When the refresh token expires, where the provider says so.</param>
/// <param name="FirstConsentAt">When the user consented; absolute lifetimes count from here.</param>
public sealed record GrantFacts(
    DateTimeOffset ObtainedAt,
    DateTimeOffset? AccessExpiresAt,
    bool HasRefreshToken,
    DateTimeOffset? RefreshExpiresAt,
    DateTimeOffset FirstConsentAt
);

/// <summary>
/// Written before the token endpoint is called (law 3): which attempt calls, since when, and until when no other may.
/// </summary>
public sealed record RefreshIntent(
    string AttemptId,
    string Holder,
    DateTimeOffset StartedAt,
    DateTimeOffset LeaseUntil
);

/// <summary>
/// Everything that the lifecycle decides on. Immutable: a change is a new value, written by compare-and-swap on the
/// row's version.
/// </summary>
public sealed record AccountState
{
    public required AccountStatus Status { get; init; }

    /// <summary>
    /// One of <see cref="StatusReason"/>; null exactly when the status is <see cref="AccountStatus.Active"/>.
    /// </summary>
    public string? Reason { get; init; }

    /// <summary>Counts the grants of this account; the sealed grant is bound to it. 0 means none yet.</summary>
    public long Generation { get; init; }

    public GrantFacts? Grant { get; init; }

    /// <summary>
    /// New access tokens are minted from a credential that a call does not consume (client credentials, key pair);
    /// nothing rotates.
    /// </summary>
    public bool Mints { get; init; }

    public RefreshIntent? Intent { get; init; }

    public InDoubtAttempts? Doubt { get; init; }

    /// <summary>The API rejected this generation's access token before its expiry.</summary>
    public bool AccessRejected { get; init; }

    /// <summary>
    /// Consecutive generations that the API rejected soon after they were obtained. It limits the token requests that
    /// an API which rejects everything can cause.
    /// </summary>
    public int RejectedInRow { get; init; }

    /// <summary>Consecutive failed refreshes of this generation.</summary>
    public int Failures { get; init; }

    public DateTimeOffset? CooldownUntil { get; init; }

    /// <summary>
    /// Since when every answer to a refresh of this generation has been a refusal that gives no reason and may be about
    /// the grant; null when there was none.
    /// </summary>
    public DateTimeOffset? RefusedSince { get; init; }

    /// <summary>The code of the last refresh failure; for people, never for decisions.</summary>
    public string? LastFailure { get; init; }

    public DateTimeOffset? LastRefreshedAt { get; init; }

    public UpstreamRevocation Revocation { get; init; }

    /// <summary>
    /// The link whose consent gave the current grant; null for an imported one. It shows whether an interrupted consent
    /// was committed to this row.
    /// </summary>
    public string? ConsentLink { get; init; }

    public ImmutableArray<string> RequestedScopes { get; init; } = [];

    public ImmutableArray<string> GrantedScopes { get; init; } = [];

    /// <summary>
    /// It is unknown which scopes the credential has: it was imported without them, or the provider neither was asked
    /// for
    /// scopes nor names any. The provider decides then; no call is refused for a missing scope.
    /// </summary>
    public bool ScopesUnknown { get; init; }

    /// <summary>
    /// Imported without a check, and not used successfully since. It acts like an active account, because its first use
    /// is the check, and it is shown as <see cref="AccountStatus.PendingVerification"/>.
    /// </summary>
    public bool Unverified { get; init; }

    /// <summary>What the current grant is bound to; null for a static credential and for older rows.</summary>
    public ConsentTerms? Terms { get; init; }

    public ProviderIdentity? Identity { get; init; }

    /// <summary>Last characters of a static credential, so people can distinguish keys.</summary>
    public string? MaskedSuffix { get; init; }

    /// <summary>
    /// Captured, validated parameters of the account (for example <c>instance_url</c>); never secret.
    /// </summary>
    public ImmutableSortedDictionary<string, string> Parameters { get; init; } =
        ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>The status as callers see it.</summary>
    [JsonIgnore]
    public AccountStatus ShownStatus =>
        Unverified && Status == AccountStatus.Active ? AccountStatus.PendingVerification : Status;

    /// <summary>The reason that belongs to <see cref="ShownStatus"/>.</summary>
    [JsonIgnore]
    public string? ShownReason =>
        ShownStatus == AccountStatus.PendingVerification ? StatusReason.AwaitingVerification : Reason;

    /// <summary>The narrowest scope of each group that the grant does not meet.</summary>
    public ImmutableArray<string> Missing(ScopeRequirement needs, ProviderPack pack)
    {
        ArgumentNullException.ThrowIfNull(needs);
        ArgumentNullException.ThrowIfNull(pack);
        return ScopesUnknown ? [] : needs.Missing(GrantedScopes, pack.Details.ScopeImplications);
    }

    /// <summary>The scopes of a list that the grant does not include.</summary>
    public ImmutableArray<string> Lacking(IEnumerable<string> wanted, ProviderPack pack) =>
        Missing(new ScopeRequirement([.. wanted.Select(scope => ImmutableArray.Create(scope))]), pack);
}
