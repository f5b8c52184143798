using System.Buffers.Text;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Web;
using Vault.Sandbox.Clients;

namespace Vault.Sandbox.Tests;

/// <summary>A client application and its user, over real HTTP and without following redirects.</summary>
internal sealed class SandboxCaller(SandboxServer server) : IDisposable
{
    public const string RedirectUri = "http://127.0.0.1:8080/oauth/callback";
    public const string Verifier = "verifier-0123456789-0123456789-0123456789-abc";

    public static readonly string Challenge = Base64Url.EncodeToString(
        SHA256.HashData(Encoding.ASCII.GetBytes(Verifier))
    );

    public HttpClient Http { get; } =
        new(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(server.BaseUrl) };

    public static string AuthorizeUrl(params (string Name, string? Value)[] changes)
    {
        var query = new Dictionary<string, string?>
        {
            ["response_type"] = "code",
            ["client_id"] = SandboxClient.DemoId,
            ["redirect_uri"] = RedirectUri,
            ["scope"] = "profile items:read items:write",
            ["state"] = "st-1",
            ["code_challenge"] = Challenge,
            ["code_challenge_method"] = "S256",
        };
        foreach (var (name, value) in changes)
        {
            query[name] = value;
        }

        return "/oauth/authorize?"
            + string.Join(
                '&',
                query.Where(p => p.Value is not null).Select(p => p.Key + "=" + Uri.EscapeDataString(p.Value!))
            );
    }

    /// <summary>The parameters that the redirect carries.</summary>
    public static Dictionary<string, string> Landing(HttpResponseMessage response)
    {
        Assert.True(
            response.StatusCode is HttpStatusCode.Found or HttpStatusCode.SeeOther,
            $"expected a redirect, got {(int)response.StatusCode}"
        );
        Assert.StartsWith(RedirectUri, response.Headers.Location!.ToString(), StringComparison.Ordinal);
        var query = HttpUtility.ParseQueryString(response.Headers.Location!.Query);
        return query.AllKeys.ToDictionary(k => k!, k => query[k]!, StringComparer.Ordinal);
    }

    public async Task<string> CodeAsync(params (string Name, string? Value)[] changes)
    {
        using var response = await Http.GetAsync(AuthorizeUrl([("auto", "approve"), .. changes]));
        return Landing(response)["code"];
    }

    public async Task<Reply> TokenAsync(params (string Name, string? Value)[] members) =>
        await PostAsync("/oauth/token", WithSecret(members));

    public Task<Reply> ExchangeAsync(string code, string? verifier = Verifier) =>
        TokenAsync(
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", RedirectUri),
            ("code_verifier", verifier)
        );

    public Task<Reply> RefreshAsync(string refreshToken) =>
        TokenAsync(("grant_type", "refresh_token"), ("refresh_token", refreshToken));

    public async Task<Reply> PostAsync(
        string path,
        IEnumerable<(string Name, string? Value)> members,
        AuthenticationHeaderValue? authorization = null
    )
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new FormUrlEncodedContent(
                members.Where(m => m.Value is not null).Select(m => KeyValuePair.Create(m.Name, m.Value!))
            ),
        };
        request.Headers.Authorization = authorization;
        using var response = await Http.SendAsync(request);
        return await Reply.OfAsync(response);
    }

    public async Task<Reply> GetAsync(string path, string? accessToken = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Authorization = accessToken is null
            ? null
            : new AuthenticationHeaderValue("Bearer", accessToken);
        using var response = await Http.SendAsync(request);
        return await Reply.OfAsync(response);
    }

    public async Task<Reply> SendJsonAsync(
        HttpMethod method,
        string path,
        string? json = null,
        string? accessToken = null,
        params (string Name, string Value)[] headers
    )
    {
        using var request = new HttpRequestMessage(method, path);
        if (json is not null)
        {
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        }

        request.Headers.Authorization = accessToken is null
            ? null
            : new AuthenticationHeaderValue("Bearer", accessToken);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await Http.SendAsync(request);
        return await Reply.OfAsync(response);
    }

    public static IEnumerable<(string Name, string? Value)> WithSecret(params (string Name, string? Value)[] members) =>
        [.. members, ("client_id", SandboxClient.DemoId), ("client_secret", SandboxClient.DemoSecret)];

    public static AuthenticationHeaderValue Basic(string name, string secret) =>
        new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(name + ":" + secret)));

    public void Dispose() => Http.Dispose();
}

/// <summary>Status, headers and JSON body of an answer.</summary>
internal sealed record Reply(int Status, HttpResponseHeaders Headers, string Text)
{
    public JsonElement Json => JsonDocument.Parse(Text).RootElement;

    public string? this[string name] =>
        Json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    public string AccessToken =>
        this["access_token"]
        ?? throw new InvalidOperationException(
            $"no access token in an answer of status {Status}, error {this["error"]}"
        );

    public string RefreshToken =>
        this["refresh_token"]
        ?? throw new InvalidOperationException(
            $"no refresh token in an answer of status {Status}, error {this["error"]}"
        );

    public string Challenge => Headers.WwwAuthenticate.ToString();

    public static async Task<Reply> OfAsync(HttpResponseMessage response) =>
        new((int)response.StatusCode, response.Headers, await response.Content.ReadAsStringAsync());

    public void MustFail(int status, string error)
    {
        Assert.Equal(status, Status);
        Assert.Equal(error, this["error"]);
    }

    public override string ToString() => $"Reply {Status}";
}
