using System.Collections.Immutable;
using Vault.Core.Templates;

namespace Vault.Core.Packs;

public enum ClientAuthentication
{
    /// <summary>RFC 6749 2.3.1, the header; id and secret form-urlencoded first.</summary>
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

    /// <summary>One field is the body, as it is.</summary>
    Raw,
}

/// <summary>Endpoints of an OAuth provider and what it wants sent.</summary>
public sealed record OAuthShape
{
    public UrlTemplate? AuthorizationUrl { get; init; }

    public required UrlTemplate TokenUrl { get; init; }

    /// <summary>Where refreshes go when it is not the token URL.</summary>
    public UrlTemplate? RefreshUrl { get; init; }

    /// <summary>RFC 9207; null where the provider has none.</summary>
    public UrlTemplate? Issuer { get; init; }

    /// <summary>Whether the callback must carry <c>iss</c>.</summary>
    public bool IssuerRequired { get; init; }

    public ClientAuthentication ClientAuth { get; init; } = ClientAuthentication.Basic;

    public BodyFormat RequestFormat { get; init; } = BodyFormat.Form;

    /// <summary>
    /// RFC 7636 with S256; false only for a provider that refuses the parameters. State, issuer and the browser's
    /// cookie hold either way.
    /// </summary>
    public bool Pkce { get; init; } = true;

    public string ScopeSeparator { get; init; } = " ";

    /// <summary>
    /// The name scopes are asked by on the authorization URL (Slack's user scopes go by <c>user_scope</c>).
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

    /// <summary>Null where the way back carries what the standard says and no more.</summary>
    public CallbackShape? Callback { get; init; }
}

/// <summary>Where a token answer keeps what.</summary>
public sealed record TokenAnswerShape
{
    public ValuePath AccessToken { get; init; } = ValuePath.Parse("access_token");

    public ValuePath RefreshToken { get; init; } = ValuePath.Parse("refresh_token");

    /// <summary>Seconds, as a number or a string of digits.</summary>
    public ValuePath ExpiresIn { get; init; } = ValuePath.Parse("expires_in");

    /// <summary>An RFC 3339 time (GitHub App), used when there is no <see cref="ExpiresIn"/>.</summary>
    public ValuePath? ExpiresAt { get; init; }

    public ValuePath RefreshExpiresIn { get; init; } = ValuePath.Parse("refresh_token_expires_in");

    /// <summary>
    /// A separated string, an array, or an object whose members read <c>name:value</c> (GitHub App permissions).
    /// </summary>
    public ValuePath Scope { get; init; } = ValuePath.Parse("scope");

    public ValuePath TokenType { get; init; } = ValuePath.Parse("token_type");

    /// <summary>
    /// Captured parameters by name; each must be a parameter of the pack with source <c>captured</c>.
    /// </summary>
    public ImmutableSortedDictionary<string, ValuePath> Capture { get; init; } =
        ImmutableSortedDictionary<string, ValuePath>.Empty;

    public IdentityMap? Identity { get; init; }

    /// <summary>Any of these makes a 200 an error (Slack <c>ok:false</c>).</summary>
    public ImmutableArray<BodyMatch> ErrorWhen { get; init; } = [];
}

/// <summary>Where an answer names the person or workspace behind a credential.</summary>
/// <param name="EmailVerified">Where the answer says whether the provider has checked the address (OpenID Connect Core
/// 5.1); unless it says true, the address counts for nothing, because anybody can enter anybody's.</param>
public sealed record IdentityMap(
    ValuePath Subject,
    ValuePath? DisplayName,
    ValuePath? Email,
    ValuePath? Tenant,
    ValuePath? EmailVerified = null
);

/// <summary>
/// A signed JWT (RFC 7523) from a key pair. Values are templates over <c>{client_id}</c>, parameters and the
/// credential's fields.
/// </summary>
/// <param name="Algorithm">RS256 or ES256.</param>
/// <param name="KeyField">The credential field with the PEM private key.</param>
/// <param name="Backdate">Subtracted from <c>iat</c>, for peers whose clock runs behind.</param>
/// <param name="Use">What the signed JWT is presented as.</param>
/// <param name="Headers">More members of the JOSE header (x5t of a certificate); templates as the claims.</param>
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
    /// <summary>RFC 7523 2.1: it is the grant.</summary>
    Grant,

    /// <summary>RFC 7523 2.2: it authenticates the client of a client-credentials grant.</summary>
    Client,

    /// <summary>It is the access token itself; there is no token endpoint (Snowflake key pairs).</summary>
    Bearer,
}

/// <summary>What an own credential consists of; the names are those of <c>StaticCredential.Fields</c>.</summary>
public sealed record CredentialShape(ImmutableSortedDictionary<string, CredentialField> Fields);

/// <param name="Multiline">A PEM key or the like.</param>
public sealed record CredentialField(string Label, string? Pattern, bool Required, bool Multiline, string? Description);
