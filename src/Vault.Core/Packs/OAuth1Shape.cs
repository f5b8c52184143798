using System.Collections.Immutable;
using Vault.Core.Templates;

namespace Vault.Core.Packs;

/// <summary>
/// Consent by OAuth 1.0a (RFC 5849): temporary credentials, authorization, token credentials. The result is a static
/// credential of the account. Its fields sign every request, and it neither expires nor rotates.
/// </summary>
/// <param name="Method">HMAC-SHA1 (RFC 5849 3.4.2) or HMAC-SHA256.</param>
/// <param name="AuthorizationParameters">Templates, added to the authorization URL.</param>
/// <param name="ScopeParameter">The parameter for scopes in the authorization URL; null when the provider has
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
    /// The token type of the exchange's result. Its refresh token field holds the token secret; the caller converts it
    /// to a static credential at once.
    /// </summary>
    public const string TokenType = "OAuth1";
}
