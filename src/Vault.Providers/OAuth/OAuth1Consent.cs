using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.OAuth;
using Vault.Core.Packs;
using Vault.Core.Sealing;
using Vault.Core.Templates;
using Vault.Providers.Classification;
using Vault.Providers.Egress;
using Vault.Providers.Upstream;

namespace Vault.Providers.OAuth;

/// <summary>
/// The three-legged flow of RFC 5849 section 2. The callback URL carries the state, because OAuth 1.0a has none. The
/// temporary secret is stored sealed in the link and is opened only for the browser that started. One of the few places
/// that reveal secrets: temporary token and secret become one string to be stored.
/// </summary>
internal sealed class OAuth1Consent(ProviderHttp http, TimeProvider time)
{
    private static readonly ValuePath Token = ValuePath.Parse("oauth_token");
    private static readonly ValuePath TokenSecret = ValuePath.Parse("oauth_token_secret");
    private static readonly ValuePath Confirmed = ValuePath.Parse("oauth_callback_confirmed");
    private static readonly ValuePath Problem = ValuePath.Parse("oauth_problem");

    private readonly OAuthCall _call = new(http, time);

    public async Task<ConsentStart> StartAsync(
        TokenClient client,
        OAuth1Shape shape,
        ImmutableArray<string> scopes,
        string state,
        DateTimeOffset deadline
    )
    {
        var variables = TemplateContext.Of(client);
        if (variables.ExpandUrl(shape.TemporaryUrl, http.Policy, out var fault) is not { } url)
            return Refuse(ErrorCatalogue.EgressDenied, fault!);
        if (variables.ExpandUrl(shape.AuthorizationUrl, http.Policy, out fault) is not { } authorization)
            return Refuse(ErrorCatalogue.EgressDenied, fault!);
        if (client.ClientSecret is not { } secret || client.Connection.ClientId is not { } id)
            return Refuse(ErrorCatalogue.ClientMisconfigured, "client_secret_missing");
        var callback =
            client.RedirectUri
            + (client.RedirectUri.Contains('?', StringComparison.Ordinal) ? "&" : "?")
            + "state="
            + Uri.EscapeDataString(state);
        var message = Message(url);
        message.Headers.TryAddWithoutValidation(
            "Authorization",
            OAuth1Signature.Header(
                message,
                shape.Method,
                id,
                secret,
                null,
                null,
                time.GetUtcNow(),
                ("oauth_callback", callback)
            )
        );
        var reply = await _call.SendAsync(message, deadline, form: true);
        if (reply is not WireReply.Answered { Response: var response })
            return Refuse(ErrorCatalogue.UpstreamUnavailable, ((WireReply.Failed)reply).Code);
        if (!response.IsSuccess)
            return Refuse(
                response.Status is 408 or 425 or 429 or >= 500
                    ? ErrorCatalogue.UpstreamUnavailable
                    : ErrorCatalogue.ClientMisconfigured,
                Code(response)
            );
        // RFC 5849 2.1: without the confirmation the provider implements version 1.0, in which an attacker can attach a
        // consent to another user (session fixation).
        if (
            Token.TextIn(response.Body) is not { } token
            || TokenSecret.TextIn(response.Body) is not { } tokenSecret
            || Confirmed.TextIn(response.Body) != "true"
            || token.Contains('\n', StringComparison.Ordinal)
        )
            return Refuse(ErrorCatalogue.UpstreamRejected, "temporary_credentials_unreadable");
        var query = new StringBuilder(authorization.Query.TrimStart('?'));
        Add(query, "oauth_token", token);
        if (shape.ScopeParameter is { } parameter && !scopes.IsDefaultOrEmpty)
            Add(query, parameter, string.Join(shape.ScopeSeparator, scopes));
        foreach (var (name, template) in shape.AuthorizationParameters)
        {
            if (variables.Expand(template) is { } value)
                Add(query, name, value);
        }

        return new ConsentStart.Ready(
            new UriBuilder(authorization) { Query = query.ToString() }.Uri,
            Secret.From(token + "\n" + tokenSecret)
        );
    }

    /// <param name="code">The token and the verifier from the browser.</param>
    /// <param name="kept">The stored token and secret of the browser's start.</param>
    public async Task<TokenReply> ExchangeAsync(
        TokenClient client,
        OAuth1Shape shape,
        Secret code,
        Secret kept,
        DateTimeOffset deadline
    )
    {
        var (brought, verifier) = Split(code);
        var (left, temporarySecret) = Split(kept);
        // The browser must return the token it started with: another one belongs to another user's consent.
        if (!CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(brought), Encoding.UTF8.GetBytes(left)))
            return new TokenReply.GrantDead(StatusReason.GrantRevoked, "oauth_token_mismatch");
        if (TemplateContext.Of(client).ExpandUrl(shape.TokenUrl, http.Policy, out var fault) is not { } url)
            return new TokenReply.ClientRefused(
                StatusReason.ClientMisconfigured,
                FailureCode.Clean(fault) ?? "egress_denied"
            );
        if (client.ClientSecret is not { } secret || client.Connection.ClientId is not { } id)
            return new TokenReply.ClientRefused(StatusReason.ClientMisconfigured, "client_secret_missing");
        var message = Message(url);
        using (var tokenSecret = Secret.From(temporarySecret))
            message.Headers.TryAddWithoutValidation(
                "Authorization",
                OAuth1Signature.Header(
                    message,
                    shape.Method,
                    id,
                    secret,
                    left,
                    tokenSecret,
                    time.GetUtcNow(),
                    ("oauth_verifier", verifier)
                )
            );
        var reply = await _call.SendAsync(message, deadline, form: true);
        if (reply is WireReply.Failed failed)
            return failed.Sent ? new TokenReply.MayHaveActed(failed.Code) : new TokenReply.NotActed(failed.Code, null);
        return Classify(((WireReply.Answered)reply).Response);
    }

    private TokenReply Classify(ProviderResponse response)
    {
        if (response.Status is 408 or 425 or 429 or 503)
            return new TokenReply.NotActed(Code(response), null);
        if (response.Status is >= 500 or (< 200 or (>= 300 and <= 399)))
            return new TokenReply.MayHaveActed(Code(response));
        if (!response.IsSuccess)
            return
                Problem.TextIn(response.Body)
                    is "token_rejected"
                        or "token_expired"
                        or "token_used"
                        or "verifier_invalid"
                        or "permission_denied"
                        or "user_refused"
                ? new TokenReply.GrantDead(StatusReason.GrantRevoked, Code(response))
                : new TokenReply.ClientRefused(StatusReason.ClientMisconfigured, Code(response));
        if (Token.TextIn(response.Body) is not { } token || TokenSecret.TextIn(response.Body) is not { } tokenSecret)
            return new TokenReply.MayHaveActed("unreadable_answer");
        var secrets = new GrantTokens
        {
            AccessToken = Secret.From(token),
            RefreshToken = Secret.From(tokenSecret),
            TokenType = OAuth1Shape.TokenType,
        };
        return new TokenReply.Granted(
            new TokenSet(
                secrets,
                time.GetUtcNow(),
                null,
                null,
                null,
                ImmutableSortedDictionary<string, string>.Empty,
                null
            )
        );
    }

    private static HttpRequestMessage Message(Uri url)
    {
        // With a body, even an empty one, the handler reports exactly whether anything was sent.
        var message = new HttpRequestMessage(HttpMethod.Post, url)
        {
            Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new TrackedContent([]),
        };
        message.Headers.TryAddWithoutValidation("User-Agent", "vault-orleans");
        return message;
    }

    private static (string First, string Second) Split(Secret pair)
    {
        var text = pair.RevealText();
        var cut = text.IndexOf('\n', StringComparison.Ordinal);
        return cut < 0 ? (text, "") : (text[..cut], text[(cut + 1)..]);
    }

    private static void Add(StringBuilder query, string name, string value)
    {
        if (query.Length > 0)
            query.Append('&');
        query.Append(Uri.EscapeDataString(name)).Append('=').Append(Uri.EscapeDataString(value));
    }

    private static string Code(ProviderResponse response) =>
        FailureCode.Clean(Problem.TextIn(response.Body)) ?? FailureCode.Status(response.Status);

    private static ConsentStart.Refused Refuse(ErrorCode code, string failure) =>
        new(
            new VaultError(code, "The consent could not be started at the provider. Nothing was connected.")
            {
                Upstream = FailureCode.Clean(failure),
            }
        );
}
