using System.Collections.Immutable;
using Vault.Core.Templates;

namespace Vault.Core.Packs;

/// <summary>
/// Consent by OAuth 1.0a (RFC 5849): temporary credentials, authorization, token credentials. What comes of it is a
/// credential of the account's own, whose fields sign every request; nothing in it expires or rotates.
/// </summary>
/// <param name="Method">HMAC-SHA1 (RFC 5849 3.4.2) or HMAC-SHA256.</param>
/// <param name="AuthorizationParameters">Templates, added to the authorization URL.</param>
/// <param name="ScopeParameter">Where the provider takes scopes on the authorization URL; null where it has
/// none.</param>
public sealed record OAuth1Shape(
    UrlTemplate TemporaryUrl,
    UrlTemplate AuthorizationUrl,
    UrlTemplate TokenUrl,
    string Method,
    ImmutableSortedDictionary<string, string> AuthorizationParameters,
    string? ScopeParameter,
    string ScopeSeparator
)
{
    /// <summary>
    /// The token type of what the exchange gives: the token with its secret in the place of a refresh token, to be made
    /// a credential at once.
    /// </summary>
    public const string TokenType = "OAuth1";
}
