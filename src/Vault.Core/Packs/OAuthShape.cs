using System.Collections.Immutable;
using Vault.Core.Templates;

namespace Vault.Core.Packs;

public enum ClientAuthentication
{
    /// <summary>RFC 6749 2.3.1, in the header; id and secret are form-urlencoded first.</summary>
    Basic,

    /// <summary>RFC 6749 2.3.1, in the body.</summary>
    Post,

    /// <summary>A public client: only the id is sent.</summary>
    None,
}

public enum BodyFormat
{
    None,
    Json,
    Form,
    Multipart,

    /// <summary>One field is the whole body, unchanged.</summary>
    Raw,
}

/// <summary>The endpoints of an OAuth provider and the form of its requests.</summary>
public sealed record OAuthShape
{
    public UrlTemplate? AuthorizationUrl { get; init; }

    public required UrlTemplate TokenUrl { get; init; }

    /// <summary>The URL for refreshes when it differs from the token URL.</summary>
    public UrlTemplate? RefreshUrl { get; init; }

    /// <summary>The issuer (RFC 9207); null when the provider has none.</summary>
    public UrlTemplate? Issuer { get; init; }

    /// <summary>Whether the callback must carry <c>iss</c>.</summary>
    public bool IssuerRequired { get; init; }

    public ClientAuthentication ClientAuth { get; init; } = ClientAuthentication.Basic;

    public BodyFormat RequestFormat { get; init; } = BodyFormat.Form;

    /// <summary>
    /// PKCE (RFC 7636) with S256; false only for a provider that rejects the parameters. State, issuer and the browser
    /// cookie are checked in both cases.
    /// </summary>
    public bool Pkce { get; init; } = true;

    public string ScopeSeparator { get; init; } = " ";

    /// <summary>
    /// The parameter for scopes in the authorization URL (<c>user_scope</c> for Slack's user scopes).
    /// </summary>
    public string ScopeParameter { get; init; } = "scope";

    public ImmutableSortedDictionary<string, string> AuthorizationParameters { get; init; } =
        ImmutableSortedDictionary<string, string>.Empty;

    public ImmutableSortedDictionary<string, string> TokenParameters { get; init; } =
        ImmutableSortedDictionary<string, string>.Empty;

    public ImmutableSortedDictionary<string, string> RefreshParameters { get; init; } =
        ImmutableSortedDictionary<string, string>.Empty;

    public ImmutableSortedDictionary<string, string> TokenHeaders { get; init; } =
        ImmutableSortedDictionary<string, string>.Empty;

    public TokenAnswerShape Answer { get; init; } = new();

    /// <summary>Null when the callback has only the standard parameters.</summary>
    public CallbackShape? Callback { get; init; }
}

/// <summary>The paths of the fields in a token response.</summary>
public sealed record TokenAnswerShape
{
    public ValuePath AccessToken { get; init; } = ValuePath.Parse("access_token");

    public ValuePath RefreshToken { get; init; } = ValuePath.Parse("refresh_token");

    /// <summary>A lifetime in seconds, as a number or a string; a number that is a time is taken as one.</summary>
    public ValuePath ExpiresIn { get; init; } = ValuePath.Parse("expires_in");

    /// <summary>
    /// A time (RFC 3339, seconds or milliseconds since 1970), used when there is no <see cref="ExpiresIn"/>. Null:
    /// under
    /// one of the usual names.
    /// </summary>
    public ValuePath? ExpiresAt { get; init; }

    public ValuePath RefreshExpiresIn { get; init; } = ValuePath.Parse("refresh_token_expires_in");

    /// <summary>
    /// A separated string, an array, or an object whose members read <c>name:value</c> (GitHub App permissions).
    /// </summary>
    public ValuePath Scope { get; init; } = ValuePath.Parse("scope|scopes");

    /// <summary>
    /// Captured parameters by name; each must be a parameter of the pack with source <c>captured</c>.
    /// </summary>
    public ImmutableSortedDictionary<string, ValuePath> Capture { get; init; } =
        ImmutableSortedDictionary<string, ValuePath>.Empty;

    public IdentityMap? Identity { get; init; }

    /// <summary>A match turns a response with status 200 into an error (Slack <c>ok:false</c>).</summary>
    public ImmutableArray<BodyMatch> ErrorWhen { get; init; } = [];
}

/// <summary>The paths of the identity fields (person or workspace) in a response.</summary>
/// <param name="EmailVerified">The path of the flag that the provider has verified the address (OpenID Connect Core
/// 5.1). Unless it is true the address is ignored: a user can enter any address.</param>
public sealed record IdentityMap(
    ValuePath Subject,
    ValuePath? DisplayName,
    ValuePath? Email,
    ValuePath? Tenant,
    ValuePath? EmailVerified = null
);

/// <summary>
/// A JWT (RFC 7523) that is signed with a private key. Values are templates over <c>{client_id}</c>, parameters and
/// the credential's fields.
/// </summary>
/// <param name="Algorithm">RS256 or ES256.</param>
/// <param name="KeyField">The credential field with the PEM private key.</param>
/// <param name="Backdate">Subtracted from <c>iat</c>, for a provider with a slow clock.</param>
/// <param name="Use">The role of the signed JWT.</param>
/// <param name="Headers">Additional members of the JOSE header (x5t of a certificate); templates like the
/// claims.</param>
public sealed record AssertionShape(
    string Algorithm,
    string KeyField,
    string? KeyId,
    string Issuer,
    string? Subject,
    string? Audience,
    TimeSpan Lifetime,
    TimeSpan Backdate,
    ImmutableSortedDictionary<string, string> Claims,
    string? ScopeClaim,
    AssertionUse Use,
    ImmutableSortedDictionary<string, string> Headers
);

public enum AssertionUse
{
    /// <summary>The JWT is the grant (RFC 7523 2.1).</summary>
    Grant,

    /// <summary>The JWT authenticates the client of a client-credentials grant (RFC 7523 2.2).</summary>
    Client,

    /// <summary>The JWT is the access token; there is no token endpoint (Snowflake key pairs).</summary>
    Bearer,
}

/// <summary>The fields of a static credential, by the names in <c>StaticCredential.Fields</c>.</summary>
public sealed record CredentialShape(ImmutableSortedDictionary<string, CredentialField> Fields);

/// <param name="Multiline">For values with line breaks, such as a PEM key.</param>
public sealed record CredentialField(string Label, string? Pattern, bool Required, bool Multiline, string? Description);
