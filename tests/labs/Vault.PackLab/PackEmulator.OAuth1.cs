using System.Net;
using System.Text;
using Microsoft.AspNetCore.WebUtilities;

namespace Vault.PackLab;

/// <summary>
/// The part that gives temporary and token credentials (RFC 5849 section 2), each once, for a signature that holds.
/// </summary>
internal sealed partial class PackEmulator
{
    private readonly Dictionary<string, (string Secret, string Callback, string? Verifier)> _temporary = new(
        StringComparer.Ordinal
    );

    /// <summary>Why the last signed request was refused.</summary>
    public string OAuth1Fault { get; private set; } = "";

    private OAuth1Check? _oauth1;

    public OAuth1Check OAuth1 => _oauth1 ??= new OAuth1Check(time);

    /// <summary>The person consents; answers where the browser is sent back to.</summary>
    public Uri Authorize1(Uri url)
    {
        var shape = pack.Details.OAuth1!;
        LabException.Require(
            Same(url, shape.AuthorizationUrl),
            $"the authorization URL is {url.GetLeftPart(UriPartial.Path)}"
        );
        var query = QueryHelpers
            .ParseQuery(url.Query)
            .ToDictionary(p => p.Key, p => p.Value.ToString(), StringComparer.Ordinal);
        LabException.Require(
            _temporary.TryGetValue(query.GetValueOrDefault("oauth_token") ?? "", out var temporary),
            "the authorization URL names no temporary token"
        );
        foreach (var (name, value) in shape.AuthorizationParameters)
        {
            if (!value.Contains('{', StringComparison.Ordinal))
                Expect(query, name, value);
        }

        var verifier = Next("ver");
        _temporary[query["oauth_token"]] = temporary with { Verifier = verifier };
        return new Uri(
            QueryHelpers.AddQueryString(
                QueryHelpers.AddQueryString(temporary.Callback, "oauth_token", query["oauth_token"]),
                "oauth_verifier",
                verifier
            )
        );
    }

    private HttpResponseMessage? OAuth1Endpoint(Seen seen)
    {
        if (pack.Details.OAuth1 is not { } shape)
            return null;
        if (Same(seen.Url, shape.TemporaryUrl))
        {
            TokenCalls++;
            var own = OAuth1.Parameters(
                seen,
                shape.Method,
                p =>
                    p.GetValueOrDefault("oauth_consumer_key") == ClientId && !p.ContainsKey("oauth_token")
                        ? (ClientSecret, "")
                        : null,
                out var fault
            );
            if (
                own?.GetValueOrDefault("oauth_callback") is not { } callback
                || !callback.StartsWith(RedirectUri + "?state=", StringComparison.Ordinal)
            )
                return Refuse1(own is null ? fault : "the callback");
            var (token, secret) = (Next("tmp"), Next("tms/+="));
            _temporary[token] = (secret, callback, null);
            return Form(
                $"oauth_token={WebUtility.UrlEncode(token)}&oauth_token_secret={WebUtility.UrlEncode(secret)}&oauth_callback_confirmed=true"
            );
        }

        if (!Same(seen.Url, shape.TokenUrl))
            return null;
        TokenCalls++;
        var signed = OAuth1.Parameters(
            seen,
            shape.Method,
            p =>
                p.GetValueOrDefault("oauth_consumer_key") == ClientId
                && _temporary.TryGetValue(p.GetValueOrDefault("oauth_token") ?? "", out var t)
                    ? (ClientSecret, t.Secret)
                    : null,
            out var why
        );
        if (signed is null)
            return Refuse1(why);
        // Temporary credentials are used up by the attempt (RFC 5849 2.3), whether the verifier fits or not.
        _temporary.Remove(signed["oauth_token"], out var known);
        if (known.Verifier is null || signed.GetValueOrDefault("oauth_verifier") != known.Verifier)
            return Refuse1("verifier_invalid");
        return Form($"oauth_token={Next("tok")}&oauth_token_secret={WebUtility.UrlEncode(Next("tks/+="))}");
    }

    private HttpResponseMessage Refuse1(string why)
    {
        OAuth1Fault = why;
        return new HttpResponseMessage(HttpStatusCode.Unauthorized)
        {
            Content = new StringContent(
                "oauth_problem=" + WebUtility.UrlEncode(why.Replace(' ', '_')),
                Encoding.UTF8,
                "text/html"
            ),
        };
    }

    /// <summary>As many providers do, with another type than it is.</summary>
    private static HttpResponseMessage Form(string body) =>
        new(HttpStatusCode.OK) { Content = new StringContent(body, Encoding.UTF8, "text/html") };
}
