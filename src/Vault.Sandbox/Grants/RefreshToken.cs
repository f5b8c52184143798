namespace Vault.Sandbox.Grants;

/// <summary>
/// An issued refresh token. Used ones are remembered: presenting one again is a replay, not an unknown token.
/// </summary>
internal sealed class RefreshToken(string value, GrantFamily family)
{
    public string Value { get; } = value;

    public GrantFamily Family { get; } = family;

    /// <summary>When it was used and rotated. Guarded by the lock of <see cref="Family"/>.</summary>
    public DateTimeOffset? UsedAt { get; set; }
}
