namespace Vault.Sandbox.Clients;

/// <summary>
/// What happens when a refresh token is used, and when it is used again. On the wire: never, grace, single_use, family.
/// </summary>
public enum RotationBehaviour
{
    /// <summary>The refresh token stays the same; each use issues a new access token.</summary>
    Never,

    /// <summary>
    /// Rotates; the immediate predecessor still works for some seconds and returns a new access token and the current
    /// refresh token.
    /// </summary>
    Grace,

    /// <summary>Rotates; a used refresh token gets invalid_grant without further effect.</summary>
    SingleUse,

    /// <summary>
    /// Rotates; a used refresh token gets invalid_grant, and the whole family is revoked (RFC 9700 section 4.14.2).
    /// </summary>
    Family,
}
