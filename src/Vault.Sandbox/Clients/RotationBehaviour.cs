namespace Vault.Sandbox.Clients;

/// <summary>
/// What happens to a refresh token when it is used, and when it is used again. On the wire: never, grace, single_use,
/// family.
/// </summary>
public enum RotationBehaviour
{
    /// <summary>The refresh token stays the same; every use gives a new access token.</summary>
    Never,

    /// <summary>
    /// Rotates; the immediate predecessor still works for some seconds and answers with a fresh access token and the
    /// current refresh token.
    /// </summary>
    Grace,

    /// <summary>Rotates; a used refresh token gets invalid_grant and nothing else happens.</summary>
    SingleUse,

    /// <summary>
    /// Rotates; a used refresh token gets invalid_grant and the whole family dies with it (RFC 9700 section 4.14.2).
    /// </summary>
    Family,
}
