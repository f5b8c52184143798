namespace Vault.Sandbox.Clients;

/// <summary>
/// The lifetimes of a client's tokens (or of one grant that overrides its client). Durations are in seconds.
/// </summary>
public sealed record TokenPolicy
{
    public RotationBehaviour Rotation { get; init; } = RotationBehaviour.Family;

    /// <summary>How long the predecessor works with <see cref="RotationBehaviour.Grace"/>.</summary>
    public int GraceSeconds { get; init; } = 30;

    public int AccessTokenSeconds { get; init; } = 3600;

    /// <summary>
    /// Omits expires_in from token responses; the lifetime still applies (RFC 6749 section 5.1 only recommends the
    /// member).
    /// </summary>
    public bool OmitExpiresIn { get; init; }

    /// <summary>A refresh revokes the access tokens issued before it, as GitHub Apps do.</summary>
    public bool RefreshKillsAccessToken { get; init; }

    /// <summary>The grant expires when its refresh token is unused for this long; null for never.</summary>
    public int? RefreshIdleSeconds { get; init; }

    /// <summary>The grant expires this long after the consent, whatever its use; null for never.</summary>
    public int? RefreshAbsoluteSeconds { get; init; }

    public bool IssueRefreshToken { get; init; } = true;

    /// <summary>
    /// With <see cref="RotationBehaviour.Never"/>: refresh responses repeat the unchanged refresh token. Off: they
    /// contain none, as at Google.
    /// </summary>
    public bool RepeatRefreshToken { get; init; }

    /// <summary>Every invalid value with its field name and the fix; empty when the policy is valid.</summary>
    public IEnumerable<string> Faults()
    {
        if (!Enum.IsDefined(Rotation))
        {
            yield return "rotation is unknown; use never, grace, single_use or family";
        }

        if (AccessTokenSeconds < 1)
        {
            yield return $"access_token_seconds is {AccessTokenSeconds}; use 1 or more";
        }

        if (GraceSeconds < 0)
        {
            yield return $"grace_seconds is {GraceSeconds}; use 0 or more";
        }

        if (RefreshIdleSeconds is < 1)
        {
            yield return $"refresh_idle_seconds is {RefreshIdleSeconds}; use 1 or more, or leave it out for no "
                + "idle expiry";
        }

        if (RefreshAbsoluteSeconds is < 1)
        {
            yield return $"refresh_absolute_seconds is {RefreshAbsoluteSeconds}; use 1 or more, or leave it out "
                + "for no absolute expiry";
        }
    }
}
