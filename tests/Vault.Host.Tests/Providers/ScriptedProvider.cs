using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Vault.Host.Tests.EndToEnd;
using Vault.TestKit;

namespace Vault.Host.Tests.Providers;

/// <summary>One answer of a scripted provider, byte for byte.</summary>
internal sealed record Scripted(byte[] Body, string? ContentType = "application/json", string? ContentEncoding = null)
{
    public int Status { get; init; } = 200;

    public static implicit operator Scripted(string body) => new(Encoding.UTF8.GetBytes(body));
}

/// <summary>A request that came to a scripted provider.</summary>
internal sealed record Seen(string Path, string Query, string? Authorization, string Body);

/// <summary>
/// A provider on loopback that answers as a test says: a path that ends in <c>token</c> by the code or the refresh
/// token that is presented,
/// everything else with an empty object. It keeps what it was asked.
/// </summary>
internal sealed class ScriptedProvider : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ScriptedProvider(WebApplication app, string url) => (_app, Url) = (app, url);

    public string Url { get; }

    /// <summary>By the code or refresh token; another one gets an ordinary grant without scope.</summary>
    public ConcurrentDictionary<string, Scripted> Tokens { get; } = new(StringComparer.Ordinal);

    public ConcurrentQueue<Seen> Requests { get; } = new();

    public static async Task<ScriptedProvider> StartAsync()
    {
        var url = "http://127.0.0.1:" + FreePorts.Next();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(url);
        var provider = new ScriptedProvider(builder.Build(), url);
        provider._app.Run(provider.AnswerAsync);
        await provider._app.StartAsync();
        return provider;
    }

    /// <summary>A pack of this provider with a tool that reads and one that writes.</summary>
    public JsonObject Pack(string id, Action<JsonObject>? change = null)
    {
        var pack = JsonNode
            .Parse(
                $$"""
                {
                  "format": 1, "id": "{{id}}", "version": "1.0.0", "display_name": "{{id}}", "development_only": true,
                  "hosts": ["127.0.0.1"], "auth_modes": ["authorization_code"],
                  "oauth": { "authorization_url": "{{Url}}/authorize", "token_url": "{{Url}}/token", "answer": {} },
                  "refresh": { "rotation": "single_use", "margin_s": 60 },
                  "api": { "base_url": "{{Url}}",
                    "auth": [{ "in": "header", "name": "Authorization", "value": "Bearer {access_token}" }] },
                  "tools": [
                    { "name": "{{id}}_look", "description": "Look", "effect": "read", "scopes": [["read"]],
                      "input_schema": { "type": "object", "properties": {} },
                      "request": { "method": "GET", "url": "/look" } },
                    { "name": "{{id}}_change", "description": "Change", "effect": "write", "idempotency": "none",
                      "scopes": [["write"]], "input_schema": { "type": "object", "properties": {} },
                      "request": { "method": "POST", "url": "/change" } }
                  ]
                }
                """
            )!
            .AsObject();
        change?.Invoke(pack);
        return pack;
    }

    /// <summary>Goes through a consent with a code; answers the account's id and the page.</summary>
    public static async Task<(string Account, string Page, string Asked)> ConnectAsync(
        World world,
        object link,
        string code,
        string extra = ""
    )
    {
        var made = await world.PostAsync("/v1/connected_accounts:link", link);
        Assert.True(made.Status == System.Net.HttpStatusCode.Created, made.ToString());
        using var browser = new Browser();
        var provider = await browser.BeginAsync(made["link"]);
        var query = System.Web.HttpUtility.ParseQueryString(provider.Query);
        var (_, page, _) = await browser.FollowAsync(
            new Uri($"{query["redirect_uri"]}?code={code}&state={query["state"]}{extra}")
        );
        return (made["connected_account_id"], page, query["scope"] ?? "");
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var request = context.Request;
        using var reader = new StreamReader(request.Body);
        var body = await reader.ReadToEndAsync();
        Requests.Enqueue(new Seen(request.Path, request.QueryString.Value ?? "", request.Headers.Authorization, body));
        Scripted answer = "{}";
        if (request.Path.Value?.EndsWith("token", StringComparison.Ordinal) == true)
        {
            var form = System.Web.HttpUtility.ParseQueryString(body);
            var presented = form["code"] ?? form["refresh_token"] ?? "";
            answer = Tokens.TryGetValue(presented, out var scripted)
                ? scripted
                : """{"access_token":"at-usual","token_type":"Bearer","expires_in":3600}""";
        }

        context.Response.StatusCode = answer.Status;
        context.Response.ContentType = answer.ContentType;
        if (answer.ContentEncoding is not null)
            context.Response.Headers.ContentEncoding = answer.ContentEncoding;
        await context.Response.Body.WriteAsync(answer.Body);
    }
}

/// <summary>A host and a scripted provider for all cases of a class.</summary>
public sealed class ScriptedWorld : IAsyncLifetime
{
    internal World World { get; private set; } = null!;

    internal ScriptedProvider Provider { get; private set; } = null!;

    internal string Organization { get; private set; } = "";

    public async Task InitializeAsync()
    {
        Provider = await ScriptedProvider.StartAsync();
        World = await World.StartAsync();
        Organization = await World.OrganizationAsync();
    }

    /// <summary>Loads a pack and makes a connection of the same name to it.</summary>
    internal async Task ConnectionAsync(
        string id,
        Action<System.Text.Json.Nodes.JsonObject>? change = null,
        object? more = null
    )
    {
        var put = await World.PostAsync("/v1/providers", Provider.Pack(id, change));
        Assert.True(put.Status == System.Net.HttpStatusCode.Created, put.ToString());
        await World.ConnectionAsync(
            Organization,
            id,
            more
                ?? new
                {
                    client_id = "c",
                    client_secret = "s",
                    parameters = new { },
                }
        );
    }

    internal Task<(string Account, string Page, string Asked)> ConsentAsync(
        string id,
        string code,
        string[]? scopes = null,
        string[]? tools = null,
        string user = "ada",
        string extra = ""
    ) =>
        ScriptedProvider.ConnectAsync(
            World,
            new
            {
                organization_id = Organization,
                user_id = user,
                connection = id,
                scopes,
                tools,
            },
            code,
            extra
        );

    internal async Task<Reply> AccountAsync(string account) =>
        await World.GetAsync($"/v1/connected_accounts/{account}?organization_id={Organization}");

    public async Task DisposeAsync()
    {
        await World.DisposeAsync();
        await Provider.DisposeAsync();
    }
}
