using System.ComponentModel;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Vault.Host.Tests.Conventions;

namespace Vault.Foreign.Tests.Provider;

/// <summary>
/// npm's oidc-provider in a process of its own. It counts what it saw, and its clock can be moved on.
/// </summary>
public sealed class OidcServer : IAsyncDisposable
{
    private readonly Process _node;
    private readonly HttpClient _http;
    private readonly StringBuilder _complaints;

    private OidcServer(Process node, JsonElement hello, StringBuilder complaints)
    {
        (_node, _complaints, Issuer, ClientId, ClientSecret) = (
            node,
            complaints,
            hello.GetProperty("issuer").GetString()!,
            hello.GetProperty("client_id").GetString()!,
            hello.GetProperty("client_secret").GetString()!
        );
        _http = new HttpClient { BaseAddress = new Uri(Issuer) };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Basic",
            Convert.ToBase64String(Encoding.ASCII.GetBytes($"{ClientId}:{ClientSecret}"))
        );
    }

    public static string Folder { get; } = Path.Combine(Repository.Root, "tests", "Vault.Foreign.Tests", "oidc");

    public static string Packs { get; } = Path.Combine(Folder, "packs");

    public string Issuer { get; }

    public string ClientId { get; }

    public string ClientSecret { get; }

    public static async Task<OidcServer> StartAsync(string redirectUri)
    {
        Assert.True(
            Directory.Exists(Path.Combine(Folder, "node_modules", "oidc-provider")),
            "npm's oidc-provider is not installed; ./scripts/test installs it, or run: cd tests/Vault.Foreign.Tests/oidc && npm ci"
        );
        var start = new ProcessStartInfo("node")
        {
            WorkingDirectory = Folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add("server.mjs");
        start.ArgumentList.Add(redirectUri);
        var complaints = new StringBuilder();
        Process node;
        try
        {
            node = Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new InvalidOperationException(
                "Node.js is not installed; ./scripts/test installs it on Debian as root, or run: sudo apt-get install nodejs npm",
                e
            );
        }

        node.ErrorDataReceived += (_, line) =>
        {
            lock (complaints)
                complaints.AppendLine(line.Data);
        };
        node.BeginErrorReadLine();
        var hello = await node.StandardOutput.ReadLineAsync();
        if (hello is null)
            await node.WaitForExitAsync();
        lock (complaints)
            Assert.True(hello is not null, "the provider did not start: " + complaints);
        return new OidcServer(node, JsonDocument.Parse(hello!).RootElement, complaints);
    }

    /// <summary>
    /// What it saw since it started: token requests, grants by type, errors, revoked grants, issued tokens.
    /// </summary>
    public async Task<Sightings> SeenAsync()
    {
        var seen = JsonNode.Parse(await _http.GetStringAsync(new Uri("/_test/seen", UriKind.Relative)))!;
        return new Sightings(
            (int)seen["token_requests"]!,
            (int?)seen["grants"]!["refresh_token"] ?? 0,
            (int)seen["grants_revoked"]!,
            [.. seen["errors"]!.AsArray().Select(e => (string)e!)],
            [
                .. seen["issued"]!
                    .AsArray()
                    .Select(i => new IssuedTokens((string)i!["access_token"]!, (string)i["refresh_token"]!)),
            ]
        );
    }

    /// <summary>Moves its clock: what ran out by then is expired by its own rules.</summary>
    public Task MoveClockAsync(int seconds) => ControlAsync($"/_test/clock?seconds={seconds}");

    /// <summary>How long access tokens live that it issues from now on.</summary>
    public Task SetAccessLifetimeAsync(int seconds) => ControlAsync($"/_test/access?seconds={seconds}");

    /// <summary>RFC 7662, asked as the client itself.</summary>
    public async Task<bool> IsActiveAsync(string token)
    {
        var answer = await PostAsync("/token/introspection", new() { ["token"] = token });
        return answer.Json.GetProperty("active").GetBoolean();
    }

    /// <summary>Presents a refresh token behind the vault's back.</summary>
    public Task<Reply> PresentAsync(string refreshToken) =>
        PostAsync("/token", new() { ["grant_type"] = "refresh_token", ["refresh_token"] = refreshToken });

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        _node.Kill();
        await _node.WaitForExitAsync();
        _node.Dispose();
    }

    public override string ToString()
    {
        lock (_complaints)
            return $"{Issuer} {_complaints}";
    }

    private async Task<Reply> PostAsync(string path, Dictionary<string, string> form)
    {
        using var content = new FormUrlEncodedContent(form);
        return await Reply.ReadAsync(await _http.PostAsync(new Uri(path, UriKind.Relative), content));
    }

    private async Task ControlAsync(string path)
    {
        using var answer = await _http.PostAsync(new Uri(path, UriKind.Relative), null);
        answer.EnsureSuccessStatusCode();
    }
}

public sealed record IssuedTokens(string AccessToken, string RefreshToken);

/// <param name="TokenRequests">Requests at the token endpoint, whatever became of them.</param>
/// <param name="GrantsRevoked">Among the reasons is reuse of a rotated refresh token.</param>
public sealed record Sightings(
    int TokenRequests,
    int Refreshes,
    int GrantsRevoked,
    string[] Errors,
    IssuedTokens[] Issued
);
