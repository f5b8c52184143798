namespace Vault.Core.Packs;

public enum CredentialPlace
{
    Header,
    Query,

    /// <summary>An OAuth 1.0a signature over the request (RFC 5849); see <c>OAuth1Signature</c>.</summary>
    OAuth1,
}
