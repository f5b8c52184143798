namespace Vault.Core.Packs;

/// <summary>
/// How a credential goes on an API request. <paramref name="Value"/> is a template over <c>{access_token}</c>,
/// <c>{token_type}</c>, <c>{basic}</c> (base64 of user name, colon, password) and the credential's fields.
/// </summary>
/// <param name="Mode">Only for this mode; null for every mode that yields a token.</param>
public sealed record ApiCredential(CredentialPlace Place, string Name, string Value, AuthMode? Mode);
