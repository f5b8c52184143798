using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.WebUtilities;
using Vault.Core.OAuth;
using Vault.Core.Packs;
using Vault.Core.Templates;

namespace Vault.PackLab;

/// <summary>
/// A provider as a pack describes it, in memory behind the vault's own HTTP clients: it takes the requests that would
/// have gone to the vendor, refuses what the pack does not promise, and answers in the pack's shape. What it proves is
/// that pack and vault agree; that the vendor agrees with the pack it cannot.
/// </summary>
internal sealed partial class PackEmulator(ProviderPack pack, TimeProvider time) : HttpMessageHandler
{
    public const string ClientId = "lab-client";
    public const string ClientSecret = "lab:secret/+ä";
    public const string RedirectUri = "https://vault.example.com/oauth/callback";

    private readonly Dictionary<string, string> _challenges = new(StringComparer.Ordinal);

    /// <summary>The next request is answered with this, whatever it asks; then it is forgotten.</summary>
    public HttpResponseMessage? Scripted { get; set; }

    /// <summary>The next request is acted on, and its reply is lost.</summary>
    public bool LoseReply { get; set; }

    /// <summary>The next request does not reach the provider at all.</summary>
    public bool RefuseConnection { get; set; }

    /// <summary>Before every answer of the token endpoint.</summary>
    public Func<Task>? Hold { get; set; }

    public int TokenCalls { get; private set; }

    public int RevocationCalls { get; private set; }

    public Seen? Last { get; private set; }

    /// <summary>Only for packs that take own credentials: what the provider has on file.</summary>
    public StaticCredential? Known { get; set; }

    /// <summary>Overrides the value that answers give for a captured parameter.</summary>
    public string? CapturedValue { get; set; }

    /// <summary>The person consents: checks the authorization URL and gives a code.</summary>
    public string Authorize(Uri url, IReadOnlyList<string> scopes)
    {
        var oauth = pack.Details.OAuth!;
        LabException.Require(
            Same(url, oauth.AuthorizationUrl!),
            $"the authorization URL is {url.GetLeftPart(UriPartial.Path)}"
        );
        var query = QueryHelpers
            .ParseQuery(url.Query)
            .ToDictionary(p => p.Key, p => p.Value.ToString(), StringComparer.Ordinal);
        Expect(query, "response_type", "code");
        Expect(query, "client_id", ClientId);
        Expect(query, "redirect_uri", RedirectUri);
        LabException.Require(query.GetValueOrDefault("state") is { Length: > 0 }, "the authorization URL has no state");
        if (scopes.Count > 0)
            Expect(query, oauth.ScopeParameter, string.Join(oauth.ScopeSeparator, scopes));
        foreach (var (name, value) in oauth.AuthorizationParameters)
        {
            if (!value.Contains('{', StringComparison.Ordinal))
                Expect(query, name, value);
        }

        LabException.Require(
            query.ContainsKey("code_challenge") == oauth.Pkce,
            oauth.Pkce ? "PKCE is not sent" : "PKCE is sent though the provider refuses it"
        );
        if (oauth.Pkce)
            Expect(query, "code_challenge_method", "S256");
        var code = Next("code");
        _challenges[code] = oauth.Pkce ? query["code_challenge"] : "";
        return code;
    }

    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request,
        CancellationToken cancellationToken
    )
    {
        if (RefuseConnection)
        {
            RefuseConnection = false;
            throw new HttpRequestException(HttpRequestError.ConnectionError, "Connection refused.");
        }

        var seen = Last = await Seen.OfAsync(request, cancellationToken);
        var isToken =
            pack.Details.OAuth is { } oauth
            && (Same(seen.Url, oauth.TokenUrl) || (oauth.RefreshUrl is { } refresh && Same(seen.Url, refresh)));
        if (isToken)
        {
            TokenCalls++;
            if (Hold is { } hold)
                await hold();
        }

        var answer = Scripted
            ?? (
                isToken ? Token(seen)
                : IsRevocation(seen) ? Revocation(seen)
                : OAuth1Endpoint(seen) ?? Api(seen)
            );
        Scripted = null;
        if (!LoseReply)
            return answer;
        LoseReply = false;
        answer.Dispose();
        throw new HttpRequestException(HttpRequestError.ResponseEnded, "The reply was lost.");
    }

    private HttpResponseMessage Token(Seen seen)
    {
        if (ClientFault(seen, pack.Details.OAuth!.ClientAuth) is { } fault)
            return Refuse(401, "invalid_client", fault);
        if (MediaFault(seen) is { } media)
            return Refuse(400, "invalid_request", media);
        if (pack.AuthModes.Contains(AuthMode.AppInstallation))
            return
                seen.Header("Authorization") is { } bearer
                && bearer.StartsWith("Bearer ", StringComparison.Ordinal)
                && Samples.IsSigned(bearer[7..])
                ? Grant(Consent().Access, null)
                : Refuse(401, "invalid_client", "the app's JWT");
        switch (seen.Fields.GetValueOrDefault("grant_type"))
        {
            case "authorization_code":
                if (!_challenges.Remove(seen.Fields.GetValueOrDefault("code") ?? "", out var challenge))
                    return Refuse(400, "invalid_grant", "the code");
                if (seen.Fields.GetValueOrDefault("redirect_uri") != RedirectUri)
                    return Refuse(400, "invalid_grant", "redirect_uri");
                if (
                    challenge.Length > 0
                    && Challenge(seen.Fields.GetValueOrDefault("code_verifier") ?? "") != challenge
                )
                    return Refuse(400, "invalid_grant", "code_verifier");
                if (Missing(seen, pack.Details.OAuth.TokenParameters) is { } missing)
                    return Refuse(400, "invalid_request", missing);
                var (access, refresh) = Consent();
                return Grant(access, refresh);
            case "refresh_token":
                if (Missing(seen, pack.Details.OAuth.RefreshParameters) is { } without)
                    return Refuse(400, "invalid_request", without);
                return Refresh(seen.Fields.GetValueOrDefault("refresh_token") ?? "") is { } renewed
                    ? Grant(renewed.Access, renewed.Refresh)
                    : Refuse(400, "invalid_grant", "the refresh token");
            default:
                var assertion = seen.Fields.GetValueOrDefault("assertion")
                    ?? seen.Fields.GetValueOrDefault("client_assertion");
                if (pack.Details.Assertion is not null && !(assertion is not null && Samples.IsSigned(assertion)))
                    return Refuse(400, "invalid_grant", "the assertion");
                return Missing(seen, pack.Details.OAuth.TokenParameters) is { } absent
                    ? Refuse(400, "invalid_request", absent)
                    : Grant(Consent().Access, null);
        }
    }

    private HttpResponseMessage Grant(string access, string? refresh)
    {
        var shape = pack.Details.OAuth!.Answer;
        var body = new JsonShape()
            .With(shape.AccessToken, access)
            .With(ValuePath.Parse("token_type"), "bearer")
            .With(shape.ExpiresIn, 1800);
        if (refresh is not null)
            body.With(shape.RefreshToken, refresh);
        foreach (var (name, path) in shape.Capture)
            body.With(path, CapturedValue ?? Samples.Captured(pack.Details.Parameters[name]));
        if (shape.Identity is { } identity)
            body.With(identity.Subject, "lab-subject");
        foreach (var test in shape.ErrorWhen.Where(e => e.Test.AnyOf is ["false"]))
            body.With(test.Path, true);
        return Answer(200, body.Text);
    }

    private HttpResponseMessage Revocation(Seen seen)
    {
        RevocationCalls++;
        var shape = pack.Details.Revocation!;
        if (seen.Method != shape.Method)
            return Refuse(405, "method", seen.Method);
        var bearer =
            seen.Header("Authorization") is { } header && header.StartsWith("Bearer ", StringComparison.Ordinal)
                ? header[7..]
                : null;
        if (shape.Auth == CallAuthentication.Client && ClientFault(seen, pack.Details.OAuth!.ClientAuth) is { } fault)
            return Refuse(401, "invalid_client", fault);
        if (shape.Auth == CallAuthentication.ClientBasic && ClientFault(seen, ClientAuthentication.Basic) is { } basic)
            return Refuse(401, "invalid_client", basic);
        var name = shape.Parameters.FirstOrDefault(p => p.Value.Contains("{token}", StringComparison.Ordinal)).Key;
        var token = name is null ? bearer : seen.Fields.GetValueOrDefault(name);
        return token is not null && Revoke(token)
            ? Answer(200, pack.Details.OAuth!.Answer.ErrorWhen.Length > 0 ? "{\"ok\":true}" : "{}")
            : Refuse(400, "invalid_request", "the token");
    }

    private HttpResponseMessage Api(Seen seen)
    {
        if (!Credentials.Hold(pack, seen, IsGood, Known, OAuth1))
            return Answer(401, new JsonObject { ["lab"] = "no such credential" }.ToJsonString());
        var body = new JsonShape();
        foreach (var probe in new[] { pack.Details.Identity, pack.Details.Verification })
        {
            if (probe?.Identity is { } identity && Same(seen.Url, probe.Url))
                body.With(identity.Subject, "lab-subject");
        }

        foreach (var test in pack.Details.Api.ErrorWhen.Where(e => e.Test.AnyOf is ["false"]))
            body.With(test.Path, true);
        return Answer(200, body.Text);
    }

    private bool IsRevocation(Seen seen) => pack.Details.Revocation is { } shape && Same(seen.Url, shape.Url);

    /// <summary>Whether a URL is the template's, up to its query.</summary>
    private bool Same(Uri url, UrlTemplate template)
    {
        var parameters = Samples.Parameters(pack);
        var text = template.Expand(
            n =>
                n == "client_id" ? ClientId
                : n == "installation_id" ? parameters.GetValueOrDefault(n) ?? "12345678"
                : parameters.GetValueOrDefault(n) ?? Example(n),
            out _
        );
        return text is not null
            && Uri.TryCreate(text, UriKind.Absolute, out var own)
            && own.GetLeftPart(UriPartial.Path) == url.GetLeftPart(UriPartial.Path);
    }

    private string? Example(string name) =>
        pack.Details.Parameters.TryGetValue(name, out var parameter) ? parameter.Example ?? parameter.Default : null;

    private static string? ClientFault(Seen seen, ClientAuthentication how) =>
        how switch
        {
            ClientAuthentication.Basic => seen.Header("Authorization")
            == "Basic "
                + Convert.ToBase64String(
                    Encoding.ASCII.GetBytes(WebUtility.UrlEncode(ClientId) + ":" + WebUtility.UrlEncode(ClientSecret))
                )
                ? seen.Fields.ContainsKey("client_secret")
                    ? "the secret twice"
                    : null
                : "the client is not sent as HTTP basic",
            ClientAuthentication.Post => seen.Fields.GetValueOrDefault("client_id") == ClientId
            && seen.Fields.GetValueOrDefault("client_secret") == ClientSecret
                ? seen.Header("Authorization") is null
                    ? null
                    : "the client twice"
                : "the client is not in the body",
            _ => seen.Fields.ContainsKey("client_secret") ? "a secret that nobody asked for" : null,
        };

    private string? MediaFault(Seen seen)
    {
        var wanted =
            pack.Details.OAuth!.RequestFormat == BodyFormat.Json
                ? "application/json"
                : "application/x-www-form-urlencoded";
        return seen.MediaType == wanted ? null : $"{seen.MediaType} instead of {wanted}";
    }

    private static string? Missing(Seen seen, IReadOnlyDictionary<string, string> parameters) =>
        parameters
            .Where(p =>
                !p.Value.Contains('{', StringComparison.Ordinal) && seen.Fields.GetValueOrDefault(p.Key) != p.Value
            )
            .Select(p => p.Key)
            .FirstOrDefault();

    private static void Expect(Dictionary<string, string> query, string name, string value) =>
        LabException.Require(
            query.GetValueOrDefault(name) == value,
            $"{name} is '{query.GetValueOrDefault(name)}' in the authorization URL, not '{value}'"
        );

    private static string Challenge(string verifier) =>
        System.Buffers.Text.Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)));

    private static HttpResponseMessage Refuse(int status, string error, string why) =>
        Answer(status, new JsonObject { ["error"] = error, ["error_description"] = why }.ToJsonString());

    public static HttpResponseMessage Answer(int status, string body) =>
        new((HttpStatusCode)status) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
}
