namespace Vault.Sandbox.Clients;

/// <summary>Changes to a <see cref="TokenPolicy"/>; null members stay unchanged.</summary>
public sealed record TokenPolicyPatch
{
    public RotationBehaviour? Rotation { get; init; }

    public int? GraceSeconds { get; init; }

    public int? AccessTokenSeconds { get; init; }

    public bool? OmitExpiresIn { get; init; }

    public bool? RefreshKillsAccessToken { get; init; }

    public int? RefreshIdleSeconds { get; init; }

    public int? RefreshAbsoluteSeconds { get; init; }

    public bool? IssueRefreshToken { get; init; }

    public bool? RepeatRefreshToken { get; init; }

    public TokenPolicy ApplyTo(TokenPolicy policy) =>
        policy with
        {
            Rotation = Rotation ?? policy.Rotation,
            GraceSeconds = GraceSeconds ?? policy.GraceSeconds,
            AccessTokenSeconds = AccessTokenSeconds ?? policy.AccessTokenSeconds,
            OmitExpiresIn = OmitExpiresIn ?? policy.OmitExpiresIn,
            RefreshKillsAccessToken = RefreshKillsAccessToken ?? policy.RefreshKillsAccessToken,
            RefreshIdleSeconds = RefreshIdleSeconds ?? policy.RefreshIdleSeconds,
            RefreshAbsoluteSeconds = RefreshAbsoluteSeconds ?? policy.RefreshAbsoluteSeconds,
            IssueRefreshToken = IssueRefreshToken ?? policy.IssueRefreshToken,
            RepeatRefreshToken = RepeatRefreshToken ?? policy.RepeatRefreshToken,
        };
}
