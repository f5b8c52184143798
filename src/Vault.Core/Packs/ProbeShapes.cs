using System.Collections.Immutable;

namespace Vault.Core.Packs;

public enum TokenChoice
{
    /// <summary>The refresh token where there is one, else the access token.</summary>
    RefreshOrAccess,
    Access,
    Refresh,
}

public enum CallAuthentication
{
    /// <summary>As at the token endpoint.</summary>
    Client,

    /// <summary>The client as HTTP basic, whatever the token endpoint takes (GitHub OAuth Apps).</summary>
    ClientBasic,

    /// <summary>The access token as bearer.</summary>
    Bearer,
    None,
}

/// <summary>RFC 7009, or the provider's own way.</summary>
/// <param name="Parameters">Sent in the body (or the query of a GET or DELETE); templates over <c>{token}</c>, <c>{token_type_hint}</c>, <c>{client_id}</c> and parameters.</param>
/// <param name="Kills">What dies: <c>token</c>, <c>grant</c> or <c>installation</c>; told in the receipt.</param>
/// <param name="ConfirmedWhen">Answers that also mean it is gone (already revoked).</param>
public sealed record RevocationShape(
    UrlTemplate Url,
    string Method,
    TokenChoice Token,
    CallAuthentication Auth,
    BodyFormat Format,
    ImmutableSortedDictionary<string, string> Parameters,
    string Kills,
    ImmutableArray<AnswerMatch> ConfirmedWhen);

/// <summary>RFC 7662.</summary>
public sealed record IntrospectionShape(UrlTemplate Url, CallAuthentication Auth);

/// <summary>A call with the credential that shows who it belongs to, or only that it works. Judged by the API's error rules.</summary>
/// <param name="Body">A constant JSON body (a GraphQL query); null for none.</param>
public sealed record ProbeShape(UrlTemplate Url, string Method, ImmutableSortedDictionary<string, string> Headers, IdentityMap? Identity, string? Body);

public enum CredentialPlace
{
    Header,
    Query,

    /// <summary>An OAuth 1.0a signature over the request (RFC 5849); see <c>OAuth1Signature</c>.</summary>
    OAuth1,
}

/// <summary>How a credential goes on an API request. <paramref name="Value"/> is a template over <c>{access_token}</c>, <c>{token_type}</c>, <c>{basic}</c> (base64 of user name, colon, password) and the credential's fields.</summary>
/// <param name="Mode">Only for this mode; null for every mode that yields a token.</param>
public sealed record ApiCredential(CredentialPlace Place, string Name, string Value, AuthMode? Mode);

/// <summary>The provider's API.</summary>
public sealed record ApiShape
{
    /// <summary>Relative tool URLs are appended to it.</summary>
    public required UrlTemplate BaseUrl { get; init; }

    public ImmutableArray<ApiCredential> Auth { get; init; } = [];

    /// <summary>Sent with every call; templates over parameters. A header whose optional parameter is absent is left out.</summary>
    public ImmutableSortedDictionary<string, string> Headers { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Any of these makes a success status an error.</summary>
    public ImmutableArray<BodyMatch> ErrorWhen { get; init; } = [];

    /// <summary>Where an error answer keeps its code, first that is there.</summary>
    public ImmutableArray<ValuePath> ErrorCode { get; init; } = [];
}
