using System.Collections.Immutable;
using System.Text;
using Vault.Core.Accounts;
using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Packs;
using Vault.Core.Sealing;
using Vault.Core.Templates;
using Vault.Providers.Classification;
using Vault.Providers.Egress;

namespace Vault.Providers.OAuth;

/// <summary>
/// Calls OAuth endpoints as a pack describes them. Every call is sent at most once and ends before its deadline; only
/// this class determines its outcome (laws 5 and 6).
/// </summary>
public sealed class TokenEndpoint(ProviderHttp http, TimeProvider time, IdFactory ids) : ITokenEndpoint
{
    private const string ClientAssertion = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    private const string JwtBearerGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer";

    private readonly OAuthCall _call = new(http, time);
    private readonly OAuth1Consent _oauth1 = new(http, time);
    private readonly AssertionSigner _signer = new(time, ids);
    private readonly ProviderProbe _probe = new(http, time);

    public Task<TokenReply> RefreshAsync(TokenClient client, Secret refreshToken, DateTimeOffset deadline)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(refreshToken);
        var oauth = OAuth(client);
        client = AtConsent(client);
        // Nothing is sent: the settings can be put back, and the grant lives on.
        if (client.Terms is { } terms)
        {
            if (terms.ClientId != client.Connection.ClientId)
                return RefusedAsync("client_changed");
            if (terms.TokenOrigin is { } origin && origin != RefreshOrigin(client))
                return RefusedAsync("token_endpoint_changed");
        }

        var request = new TokenRequest(client)
            .With("grant_type", "refresh_token")
            .With("refresh_token", refreshToken)
            .With(oauth.RefreshParameters);
        return SendAsync(
            client,
            oauth.RefreshUrl ?? oauth.TokenUrl,
            url => request.Build(url, "POST", oauth.RequestFormat, oauth.ClientAuth),
            deadline,
            mustCapture: false
        );
    }

    public Task<TokenReply> ExchangeCodeAsync(
        TokenClient client,
        Secret code,
        Secret codeVerifier,
        DateTimeOffset deadline
    )
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(code);
        ArgumentNullException.ThrowIfNull(codeVerifier);
        if (client.Pack.Details.OAuth1 is { } older)
            return _oauth1.ExchangeAsync(client, older, code, codeVerifier, deadline);
        var oauth = OAuth(client);
        var request = new TokenRequest(client)
            .With("grant_type", "authorization_code")
            .With("code", code)
            .With("redirect_uri", client.RedirectUri)
            .With(oauth.TokenParameters);
        if (oauth.Pkce)
            request.With("code_verifier", codeVerifier);
        return SendAsync(
            client,
            oauth.TokenUrl,
            url => request.Build(url, "POST", oauth.RequestFormat, oauth.ClientAuth),
            deadline,
            mustCapture: true
        );
    }

    public Task<TokenReply> MintAsync(
        TokenClient client,
        StaticCredential? credential,
        ImmutableArray<string> scopes,
        DateTimeOffset deadline
    )
    {
        ArgumentNullException.ThrowIfNull(client);
        if (
            credential is { Mode: AuthMode.JwtBearer }
            && client.Pack.Details.Assertion is { Use: AssertionUse.Bearer } shape
        )
            return Task.FromResult(SignedHere(client, credential, shape));
        var oauth = OAuth(client);
        var scope = string.Join(oauth.ScopeSeparator, scopes.IsDefault ? [] : scopes);
        var mode = credential?.Mode
            ?? client.Pack.AuthModes.FirstOrDefault(m => m is AuthMode.ClientCredentials, AuthMode.ClientCredentials);
        if (!client.Pack.AuthModes.Contains(mode))
            return RefusedAsync("auth_mode_not_of_this_provider");
        var request = new TokenRequest(client);
        switch (mode)
        {
            case AuthMode.ClientCredentials:
                if (scope.Length > 0)
                    request.With("scope", scope);
                request.With("grant_type", "client_credentials").With(oauth.TokenParameters);
                var id = credential?.Fields.GetValueOrDefault("client_id")?.RevealText();
                var secret = credential?.Fields.GetValueOrDefault("client_secret");
                if ((id ?? client.Connection.ClientId) is null)
                    return RefusedAsync("client_id_missing");
                return SendAsync(
                    client,
                    oauth.TokenUrl,
                    url => request.Build(url, "POST", oauth.RequestFormat, oauth.ClientAuth, id, secret),
                    deadline,
                    mustCapture: true
                );
            case AuthMode.JwtBearer or AuthMode.AppInstallation when credential is not null:
                return MintWithAssertionAsync(client, oauth, request, credential, scope, deadline);
            default:
                return RefusedAsync("credential_cannot_mint");
        }
    }

    public Task<RevocationReply> RevokeAsync(TokenClient client, GrantTokens grant, DateTimeOffset deadline)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(grant);
        return Revocation.SendAsync(_call, http.Policy, time, AtConsent(client), grant, deadline);
    }

    public Task<IdentityReply> IdentifyAsync(
        TokenClient client,
        GrantTokens? grant,
        StaticCredential? credential,
        DateTimeOffset deadline
    )
    {
        ArgumentNullException.ThrowIfNull(client);
        return _probe.AskAsync(client, grant, credential, deadline);
    }

    public Uri AuthorizationUrl(TokenClient client, ImmutableArray<string> scopes, string state, string codeChallenge)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentException.ThrowIfNullOrEmpty(state);
        ArgumentException.ThrowIfNullOrEmpty(codeChallenge);
        var oauth = OAuth(client);
        var variables = TemplateContext.Of(client);
        var template = oauth.AuthorizationUrl
            ?? throw new InvalidOperationException($"{client.Pack.Id} has no authorization endpoint.");
        var url = variables.ExpandUrl(template, http.Policy, out var fault)
            ?? throw new InvalidOperationException(
                $"The authorization URL of {client.Pack.Id} cannot be created: {fault}."
            );
        var query = new StringBuilder(url.Query.TrimStart('?'));
        Add("response_type", "code");
        Add(
            "client_id",
            client.Connection.ClientId ?? throw new InvalidOperationException("The connection has no client_id.")
        );
        Add("redirect_uri", client.RedirectUri);
        if (!scopes.IsDefaultOrEmpty)
            Add(oauth.ScopeParameter, string.Join(oauth.ScopeSeparator, scopes));
        Add("state", state);
        if (oauth.Pkce)
        {
            Add("code_challenge", codeChallenge);
            Add("code_challenge_method", "S256");
        }

        foreach (var (name, value) in oauth.AuthorizationParameters)
        {
            if (variables.Expand(value) is { } text)
                Add(name, text);
        }

        return new UriBuilder(url) { Query = query.ToString() }.Uri;

        void Add(string name, string value)
        {
            if (query.Length > 0)
                query.Append('&');
            query.Append(Uri.EscapeDataString(name)).Append('=').Append(Uri.EscapeDataString(value));
        }
    }

    public Task<ConsentStart> StartConsentAsync(
        TokenClient client,
        ImmutableArray<string> scopes,
        string state,
        string verifier,
        DateTimeOffset deadline
    )
    {
        ArgumentNullException.ThrowIfNull(client);
        return client.Pack.Details.OAuth1 is { } older
            ? _oauth1.StartAsync(client, older, scopes, state, deadline)
            : Task.FromResult<ConsentStart>(
                new ConsentStart.Ready(AuthorizationUrl(client, scopes, state, LinkSecrets.Challenge(verifier)), null)
            );
    }

    public ConsentTerms TermsOf(TokenClient client)
    {
        ArgumentNullException.ThrowIfNull(client);
        return new ConsentTerms(client.Connection.ClientId, RefreshOrigin(client), client.Connection.Parameters);
    }

    public CallbackReading ReadCallback(TokenClient client, IReadOnlyDictionary<string, string> query)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(query);
        return CallbackReader.Read(client, query);
    }

    public (string? Issuer, bool Required) ExpectedIssuer(TokenClient client)
    {
        ArgumentNullException.ThrowIfNull(client);
        if (client.Pack.Details.OAuth is not { Issuer: not null } oauth)
            return (null, false);
        return (oauth.Issuer.Expand(TemplateContext.Of(client).Value, out _), oauth.IssuerRequired);
    }

    /// <summary>The client with the connection's parameters as they were when the grant was given.</summary>
    private static TokenClient AtConsent(TokenClient client) =>
        client.Terms is { } terms ? client with { Parameters = client.Parameters.SetItems(terms.Parameters) } : client;

    private string? RefreshOrigin(TokenClient client) =>
        client.Pack.Details.OAuth is { } oauth
        && TemplateContext.Of(client).ExpandUrl(oauth.RefreshUrl ?? oauth.TokenUrl, http.Policy, out _) is { } url
            ? url.GetLeftPart(UriPartial.Authority)
            : null;

    /// <summary>A token that the account signs itself: no call is made, so no response can be lost.</summary>
    private TokenReply SignedHere(TokenClient client, StaticCredential credential, AssertionShape shape)
    {
        var now = time.GetUtcNow();
        if (_signer.Sign(client, credential, null, "", out var fault) is not { } jwt)
            return new TokenReply.ClientRefused(
                StatusReason.ClientMisconfigured,
                FailureCode.Clean(fault) ?? "assertion_unusable"
            );
        return new TokenReply.Granted(
            new TokenSet(
                new GrantTokens { AccessToken = Secret.From(jwt) },
                now,
                now + shape.Lifetime,
                null,
                null,
                ImmutableSortedDictionary<string, string>.Empty,
                null
            )
        );
    }

    private Task<TokenReply> MintWithAssertionAsync(
        TokenClient client,
        OAuthShape oauth,
        TokenRequest request,
        StaticCredential credential,
        string scope,
        DateTimeOffset deadline
    )
    {
        if (TemplateContext.Of(client).ExpandUrl(oauth.TokenUrl, http.Policy, out var fault, Field) is not { } url)
            return RefusedAsync(fault!);
        if (_signer.Sign(client, credential, url, scope, out fault) is not { } jwt)
            return RefusedAsync(fault!);
        HttpRequestMessage message;
        if (credential.Mode == AuthMode.AppInstallation)
        {
            // An empty body, so that the handler reports exactly whether anything was sent.
            message = request
                .Bearer(jwt)
                .With(oauth.TokenParameters)
                .Build(url, "POST", oauth.RequestFormat, authentication: null);
        }
        else
        {
            if (client.Pack.Details.Assertion!.Use == AssertionUse.Client)
                request
                    .With("grant_type", "client_credentials")
                    .With("client_assertion_type", ClientAssertion)
                    .With("client_assertion", jwt);
            else
                request.With("grant_type", JwtBearerGrant).With("assertion", jwt);
            if (scope.Length > 0 && client.Pack.Details.Assertion!.ScopeClaim is null)
                request.With("scope", scope);
            message = request
                .With(oauth.TokenParameters)
                .Build(url, "POST", oauth.RequestFormat, Authentication(client, oauth));
        }

        AddHeaders(client, oauth, message);
        return ClassifyAsync(client, message, deadline, mustCapture: true);

        // The credential may contain an account parameter such as the installation.
        string? Field(string name) =>
            name != client.Pack.Details.Assertion!.KeyField
            && client.Pack.Details.Parameters.TryGetValue(name, out var p)
            && credential.Fields.TryGetValue(name, out var field)
            && p.Accepts(field.RevealText())
                ? field.RevealText()
                : null;
    }

    /// <summary>RFC 7521 4.2: a client that authenticates with an assertion sends no secret, only its id.</summary>
    private static ClientAuthentication? Authentication(TokenClient client, OAuthShape oauth) =>
        client.Pack.Details.Assertion!.Use == AssertionUse.Client ? ClientAuthentication.None
        : client.ClientSecret is null ? null
        : oauth.ClientAuth;

    private Task<TokenReply> SendAsync(
        TokenClient client,
        UrlTemplate template,
        Func<Uri, HttpRequestMessage> build,
        DateTimeOffset deadline,
        bool mustCapture
    )
    {
        if (TemplateContext.Of(client).ExpandUrl(template, http.Policy, out var fault) is not { } url)
            return RefusedAsync(fault!);
        var message = build(url);
        AddHeaders(client, OAuth(client), message);
        return ClassifyAsync(client, message, deadline, mustCapture);
    }

    private async Task<TokenReply> ClassifyAsync(
        TokenClient client,
        HttpRequestMessage message,
        DateTimeOffset deadline,
        bool mustCapture
    )
    {
        var sentAt = time.GetUtcNow();
        var reply = await _call.SendAsync(message, deadline);
        if (reply is WireReply.Failed failed)
            return failed.Sent ? new TokenReply.MayHaveActed(failed.Code) : new TokenReply.NotActed(failed.Code, null);
        var response = ((WireReply.Answered)reply).Response;
        var now = time.GetUtcNow();
        return TokenResponseClassifier.Classify(client.Pack, response, now)
            ?? TokenResponseReader.Read(client.Pack, response, sentAt, now, mustCapture);
    }

    private static void AddHeaders(TokenClient client, OAuthShape oauth, HttpRequestMessage message)
    {
        var variables = TemplateContext.Of(client);
        foreach (var (name, template) in oauth.TokenHeaders)
        {
            if (variables.Expand(template) is not { } value)
                continue;
            message.Headers.Remove(name);
            message.Headers.TryAddWithoutValidation(name, value);
        }
    }

    private static OAuthShape OAuth(TokenClient client) =>
        client.Pack.Details.OAuth ?? throw new InvalidOperationException($"{client.Pack.Id} has no token endpoint.");

    /// <summary>The vault's own configuration prevents the call: nothing was sent, and no retry helps.</summary>
    private static Task<TokenReply> RefusedAsync(string failure) =>
        Task.FromResult<TokenReply>(
            failure == TemplateContext.DestinationChanged
                ? new TokenReply.NotActed(failure, null)
                : new TokenReply.ClientRefused(
                    StatusReason.ClientMisconfigured,
                    FailureCode.Clean(failure) ?? "egress_denied"
                )
        );
}
