using System.Collections.Immutable;
using Vault.Core.Connections;
using Vault.Core.Identity;
using Vault.Core.Packs;
using Vault.Core.Sealing;

namespace Vault.Core.OAuth;

/// <summary>The tokens of a grant, unsealed. Disposing zeroes them.</summary>
public sealed class GrantTokens : IDisposable
{
    public required Secret AccessToken { get; init; }

    public Secret? RefreshToken { get; init; }

    /// <summary>As the provider says; <c>Bearer</c> when it says nothing.</summary>
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
/// An own credential: API key, basic, service-account or key-pair key. Field names are the pack's (for example
/// <c>api_key</c>, <c>username</c>, <c>private_key</c>).
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

/// <summary>Who calls a token endpoint as what client.</summary>
/// <param name="Parameters">Connection and account parameters together, validated against the pack.</param>
public sealed record TokenClient(
    OrganizationId Organization,
    ProviderPack Pack,
    ConnectionSettings Connection,
    Secret? ClientSecret,
    ImmutableSortedDictionary<string, string> Parameters,
    string RedirectUri
);

/// <summary>What a token endpoint gave.</summary>
/// <param name="Scopes">As granted; null when the answer did not say.</param>
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
/// What became of a call to a token endpoint. Which of these it is, is decided once, at the edge (law 6).
/// </summary>
public abstract record TokenReply
{
    private TokenReply() { }

    public sealed record Granted(TokenSet Tokens) : TokenReply;

    /// <summary>
    /// The provider certainly did not act: nothing was sent, or it said so (408, 425, 429, 503, refused connection).
    /// <paramref name="Failure"/> is a short code for people.
    /// </summary>
    public sealed record NotActed(string Failure, TimeSpan? RetryAfter) : TokenReply;

    /// <summary>It may have acted: the reply was lost, cut, unreadable, or a gateway answered in its place.</summary>
    public sealed record MayHaveActed(string Failure) : TokenReply;

    /// <summary>The grant is dead; <paramref name="Reason"/> is one of <see cref="StatusReason"/>.</summary>
    public sealed record GrantDead(string Reason, string Failure) : TokenReply;

    /// <summary>
    /// Our client or its settings are refused, or an administrator must act; the grant itself may live.
    /// </summary>
    public sealed record ClientRefused(string Reason, string Failure) : TokenReply;
}

/// <summary>What became of revoking at the provider.</summary>
public sealed record RevocationReply(UpstreamRevocation Outcome, bool Retry, string? Failure);

/// <summary>
/// Calls to a provider's OAuth endpoints. No implementation retries by itself (law 5), and each call ends before
/// <c>deadline</c>, which the caller binds to the end of its lease (law 3).
/// </summary>
public interface ITokenEndpoint
{
    Task<TokenReply> RefreshAsync(TokenClient client, Secret refreshToken, DateTimeOffset deadline);

    /// <summary>
    /// Client credentials, JWT bearer, app installation: a new access token from a credential that is not used up.
    /// </summary>
    Task<TokenReply> MintAsync(
        TokenClient client,
        StaticCredential? credential,
        ImmutableArray<string> scopes,
        DateTimeOffset deadline
    );

    Task<TokenReply> ExchangeCodeAsync(TokenClient client, Secret code, Secret codeVerifier, DateTimeOffset deadline);

    /// <summary>
    /// RFC 7009 or the provider's own way; <see cref="UpstreamRevocation.NoEndpoint"/> where there is none.
    /// </summary>
    Task<RevocationReply> RevokeAsync(TokenClient client, GrantTokens grant, DateTimeOffset deadline);

    /// <summary>
    /// The identity behind an access token (userinfo or the pack's own call); null when the pack has none.
    /// </summary>
    Task<IdentityReply> IdentifyAsync(
        TokenClient client,
        GrantTokens? grant,
        StaticCredential? credential,
        DateTimeOffset deadline
    );

    /// <summary>
    /// The URL to send a browser to: code, PKCE S256, state; only https, or http on loopback in development.
    /// </summary>
    Uri AuthorizationUrl(TokenClient client, ImmutableArray<string> scopes, string state, string codeChallenge);

    /// <summary>
    /// Where to send the browser for a consent, and what finishing it needs beside the code. RFC 6749 calls nobody for
    /// it and keeps the PKCE verifier; RFC 5849 fetches temporary credentials first.
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
    /// What the way back carries beside code and state, checked against the pack; called before the code is used, and
    /// calls nobody.
    /// </summary>
    CallbackReading ReadCallback(TokenClient client, IReadOnlyDictionary<string, string> query) =>
        CallbackReading.Empty;

    /// <summary>The issuer the callback must name (RFC 9207); null when the provider has none.</summary>
    (string? Issuer, bool Required) ExpectedIssuer(TokenClient client);
}

/// <summary>How a consent begins.</summary>
public abstract record ConsentStart
{
    private ConsentStart() { }

    /// <param name="Keep">Sealed into the link in the place of the verifier; null for the verifier itself. The caller
    /// disposes it.</param>
    public sealed record Ready(Uri Provider, Secret? Keep) : ConsentStart;

    public sealed record Refused(Errors.VaultError Error) : ConsentStart;
}

/// <summary>What a callback brought.</summary>
/// <param name="Captured">Parameters of the account, each valid against its pattern.</param>
/// <param name="Fault">Why the callback is refused, as a short code; null when it is not.</param>
public sealed record CallbackReading(ImmutableSortedDictionary<string, string> Captured, string? Fault)
{
    public static CallbackReading Empty { get; } = new(ImmutableSortedDictionary<string, string>.Empty, null);

    public static CallbackReading Refused(string fault) => Empty with { Fault = fault };
}

/// <summary>The answer of an identity or verification call.</summary>
public abstract record IdentityReply
{
    private IdentityReply() { }

    public sealed record Known(ProviderIdentity Identity) : IdentityReply;

    /// <summary>The credential works, but the provider names nobody.</summary>
    public sealed record Works : IdentityReply;

    /// <summary>The pack has no such call.</summary>
    public sealed record NoCall : IdentityReply;

    /// <summary>The provider refuses the credential.</summary>
    public sealed record Refused(string Failure) : IdentityReply;

    public sealed record Unavailable(string Failure, TimeSpan? RetryAfter) : IdentityReply;
}
