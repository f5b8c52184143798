namespace Vault.Sandbox.Clients;

/// <summary>
/// How tokens of a client (or of one grant, where it overrides its client) live and die. Durations are seconds.
/// </summary>
public sealed record TokenPolicy
{
    public RotationBehaviour Rotation { get; init; } = RotationBehaviour.Family;

    /// <summary>How long the predecessor works under <see cref="RotationBehaviour.Grace"/>.</summary>
    public int GraceSeconds { get; init; } = 30;

    public int AccessTokenSeconds { get; init; } = 3600;

    /// <summary>
    /// Leave expires_in out of token responses; the lifetime still applies (RFC 6749 section 5.1 only recommends the
    /// member).
    /// </summary>
    public bool OmitExpiresIn { get; init; }

    /// <summary>A refresh revokes the access tokens issued before it, as GitHub Apps do.</summary>
    public bool RefreshKillsAccessToken { get; init; }

    /// <summary>The grant dies when its refresh token was not used for so long; null is never.</summary>
    public int? RefreshIdleSeconds { get; init; }

    /// <summary>The grant dies so long after consent, whatever its use; null is never.</summary>
    public int? RefreshAbsoluteSeconds { get; init; }

    public bool IssueRefreshToken { get; init; } = true;

    /// <summary>
    /// Under <see cref="RotationBehaviour.Never"/>: repeat the unchanged refresh token in refresh answers. Off, they
    /// carry none, as at Google.
    /// </summary>
    public bool RepeatRefreshToken { get; init; }

    /// <summary>Every wrong value with its field name and the fix; empty when the policy can be used.</summary>
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
            yield return $"refresh_idle_seconds is {RefreshIdleSeconds}; use 1 or more, or leave it out for no idle expiry";
        }

        if (RefreshAbsoluteSeconds is < 1)
        {
            yield return $"refresh_absolute_seconds is {RefreshAbsoluteSeconds}; use 1 or more, or leave it out for no absolute expiry";
        }
    }
}
