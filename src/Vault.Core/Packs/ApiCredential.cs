namespace Vault.Core.Packs;

/// <summary>
/// How an API request carries the credential. <paramref name="Value"/> is a template over <c>{access_token}</c>,
/// <c>{token_type}</c>, <c>{basic}</c> (base64 of user name, colon, password) and the credential's fields.
/// </summary>
/// <param name="Mode">Applies to this mode only; null applies to every mode that yields a token.</param>
public sealed record ApiCredential(CredentialPlace Place, string Name, string Value, AuthMode? Mode);
