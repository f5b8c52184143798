namespace Vault.Sandbox.Grants;

/// <summary>
/// A refresh token that was ever issued. Used ones stay known: presenting one again is a replay, not an unknown token.
/// </summary>
internal sealed class RefreshToken(string value, GrantFamily family)
{
    public string Value { get; } = value;

    public GrantFamily Family { get; } = family;

    /// <summary>When it was used and rotated away. Guarded by the lock of <see cref="Family"/>.</summary>
    public DateTimeOffset? UsedAt { get; set; }
}
