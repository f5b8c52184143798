using System.Collections.Immutable;
using Vault.Core.Connections;
using Vault.Core.Identity;
using Vault.Core.Packs;
using Vault.Core.Sealing;
using Vault.Core.Templates;

namespace Vault.Core.OAuth;

/// <summary>The tokens of a grant, unsealed. Disposing zeroes them.</summary>
public sealed class GrantTokens : IDisposable
{
    public required Secret AccessToken { get; init; }

    public Secret? RefreshToken { get; init; }

    /// <summary>The token type from the response; <c>Bearer</c> when the response has none.</summary>
    public string TokenType { get; init; } = "Bearer";

    /// <summary>The same tokens with a lifetime of their own.</summary>
    public GrantTokens Copy() =>
        new()
        {
            AccessToken = AccessToken.Copy(),
            RefreshToken = RefreshToken?.Copy(),
            TokenType = TokenType,
        };

    public void Dispose()
    {
        AccessToken.Dispose();
        RefreshToken?.Dispose();
    }
}

/// <summary>
/// A static credential: an API key, HTTP Basic, or a private key of a service account or key pair. The pack defines the
/// field names (for example <c>api_key</c>, <c>username</c>, <c>private_key</c>).
/// </summary>
public sealed class StaticCredential : IDisposable
{
    public required AuthMode Mode { get; init; }

    public required ImmutableSortedDictionary<string, Secret> Fields { get; init; }

    /// <summary>The same fields with a lifetime of their own.</summary>
    public StaticCredential Copy() =>
        new()
        {
            Mode = Mode,
            Fields = Fields.ToImmutableSortedDictionary(f => f.Key, f => f.Value.Copy(), Fields.KeyComparer),
        };

    public void Dispose()
    {
        foreach (var field in Fields.Values)
            field.Dispose();
    }
}

/// <summary>The client of a call to a token endpoint.</summary>
/// <param name="Parameters">Connection and account parameters together, validated against the pack.</param>
public sealed record TokenClient(
    OrganizationId Organization,
    ProviderPack Pack,
    ConnectionSettings Connection,
    Secret? ClientSecret,
    ImmutableSortedDictionary<string, string> Parameters,
    string RedirectUri
)
{
    /// <summary>
    /// The origins of the stored credential that the call presents. No URL outside them is called. Null while a
    /// credential is being connected: it is bound when it is stored.
    /// </summary>
    public Destinations? Bound { get; init; }

    /// <summary>What the account's consent was given to; null for a grant without a record of it.</summary>
    public ConsentTerms? Terms { get; init; }
}

/// <summary>The tokens and metadata from a token response.</summary>
/// <param name="Scopes">The granted scopes; null when the response has none.</param>
/// <param name="Parameters">Captured fields (for example <c>instance_url</c>), each already validated against the pack;
/// never secret.</param>
public sealed record TokenSet(
    GrantTokens Secrets,
    DateTimeOffset ObtainedAt,
    DateTimeOffset? AccessExpiresAt,
    DateTimeOffset? RefreshExpiresAt,
    ImmutableArray<string>? Scopes,
    ImmutableSortedDictionary<string, string> Parameters,
    ProviderIdentity? Identity
);

/// <summary>
/// The result of a call to a token endpoint. The provider adapter classifies the response once (law 6).
/// </summary>
public abstract record TokenReply
{
    private TokenReply() { }

    public sealed record Granted(TokenSet Tokens) : TokenReply;

    /// <summary>
    /// The provider certainly did not act: nothing was sent, the connection was refused, or the response says so (425,
    /// 429, another refusal). <paramref name="Failure"/> is a short code for people.
    /// </summary>
    public sealed record NotActed(string Failure, TimeSpan? RetryAfter) : TokenReply
    {
        /// <summary>A 4xx without a code that says why; it may be about the grant.</summary>
        public bool Refused { get; init; }
    }

    /// <summary>
    /// The provider may have acted: the response was lost, truncated or unreadable, or it may be a gateway's (408,
    /// 5xx).
    /// </summary>
    public sealed record MayHaveActed(string Failure, TimeSpan? RetryAfter = null) : TokenReply;

    /// <summary>The grant is no longer valid; <paramref name="Reason"/> is one of <see cref="StatusReason"/>.</summary>
    public sealed record GrantDead(string Reason, string Failure) : TokenReply;

    /// <summary>
    /// The client or its settings are rejected, or an administrator must act; the grant may still be valid.
    /// </summary>
    public sealed record ClientRefused(string Reason, string Failure) : TokenReply
    {
        /// <summary>The code is not known, so it may be about the grant all the same.</summary>
        public bool Unexplained { get; init; }
    }
}

/// <summary>The result of a revocation at the provider.</summary>
public sealed record RevocationReply(UpstreamRevocation Outcome, bool Retry, string? Failure);

/// <summary>
/// The port to a provider's OAuth endpoints. No implementation retries by itself (law 5). Each call ends before
/// <c>deadline</c>, which the caller derives from the end of its lease (law 3).
/// </summary>
public interface ITokenEndpoint
{
    Task<TokenReply> RefreshAsync(TokenClient client, Secret refreshToken, DateTimeOffset deadline);

    /// <summary>
    /// Client credentials, JWT bearer, app installation: gets a new access token with a reusable credential.
    /// </summary>
    Task<TokenReply> MintAsync(
        TokenClient client,
        StaticCredential? credential,
        ImmutableArray<string> scopes,
        DateTimeOffset deadline
    );

    Task<TokenReply> ExchangeCodeAsync(TokenClient client, Secret code, Secret codeVerifier, DateTimeOffset deadline);

    /// <summary>
    /// Revokes by RFC 7009 or by a provider-specific call; <see cref="UpstreamRevocation.NoEndpoint"/> when the
    /// provider has neither.
    /// </summary>
    Task<RevocationReply> RevokeAsync(TokenClient client, GrantTokens grant, DateTimeOffset deadline);

    /// <summary>
    /// The identity of a credential, from userinfo or from the pack's call; <see cref="IdentityReply.NoCall"/> when the
    /// pack has none.
    /// </summary>
    Task<IdentityReply> IdentifyAsync(
        TokenClient client,
        GrantTokens? grant,
        StaticCredential? credential,
        DateTimeOffset deadline
    );

    /// <summary>
    /// The authorization URL for the browser, with PKCE S256 and state. Only https, or http on loopback in development.
    /// </summary>
    Uri AuthorizationUrl(TokenClient client, ImmutableArray<string> scopes, string state, string codeChallenge);

    /// <summary>
    /// The authorization URL of a consent, and the secret that is needed with the code to finish it. RFC 6749 needs no
    /// call and keeps the PKCE verifier; RFC 5849 fetches temporary credentials first.
    /// </summary>
    Task<ConsentStart> StartConsentAsync(
        TokenClient client,
        ImmutableArray<string> scopes,
        string state,
        string verifier,
        DateTimeOffset deadline
    ) =>
        Task.FromResult<ConsentStart>(
            new ConsentStart.Ready(AuthorizationUrl(client, scopes, state, LinkSecrets.Challenge(verifier)), null)
        );

    /// <summary>
    /// Reads the callback's parameters besides code and state and validates them against the pack. It runs before the
    /// code is used and makes no call.
    /// </summary>
    CallbackReading ReadCallback(TokenClient client, IReadOnlyDictionary<string, string> query) =>
        CallbackReading.Empty;

    /// <summary>What a grant is bound to that this client obtains now.</summary>
    ConsentTerms TermsOf(TokenClient client)
    {
        ArgumentNullException.ThrowIfNull(client);
        return new ConsentTerms(client.Connection.ClientId, null, client.Connection.Parameters);
    }

    /// <summary>The issuer that the callback must name (RFC 9207); null when the provider has none.</summary>
    (string? Issuer, bool Required) ExpectedIssuer(TokenClient client);
}

/// <summary>The start of a consent.</summary>
public abstract record ConsentStart
{
    private ConsentStart() { }

    /// <param name="Keep">The secret to seal into the link instead of the verifier; null for the verifier itself. The
    /// caller disposes it.</param>
    public sealed record Ready(Uri Provider, Secret? Keep) : ConsentStart;

    public sealed record Refused(Errors.VaultError Error) : ConsentStart;
}

/// <summary>The parameters read from a callback.</summary>
/// <param name="Captured">Parameters of the account, each validated against its pattern.</param>
/// <param name="Fault">The reason to reject the callback, as a short code; null when it is valid.</param>
public sealed record CallbackReading(ImmutableSortedDictionary<string, string> Captured, string? Fault)
{
    public static CallbackReading Empty { get; } = new(ImmutableSortedDictionary<string, string>.Empty, null);

    public static CallbackReading Refused(string fault) => Empty with { Fault = fault };
}

/// <summary>The result of an identity or verification call.</summary>
public abstract record IdentityReply
{
    private IdentityReply() { }

    public sealed record Known(ProviderIdentity Identity) : IdentityReply;

    /// <summary>The credential works, but the response has no identity.</summary>
    public sealed record Works : IdentityReply;

    /// <summary>The pack has no such call.</summary>
    public sealed record NoCall : IdentityReply;

    /// <summary>The provider rejects the credential.</summary>
    public sealed record Refused(string Failure) : IdentityReply;

    /// <summary>The vault did not send the call: the credential or a parameter makes no request.</summary>
    public sealed record NotSent(string Failure) : IdentityReply;

    public sealed record Unavailable(string Failure, TimeSpan? RetryAfter) : IdentityReply;
}
