using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Vault.Host.Tests.EndToEnd;

/// <summary>
/// A provider that answers what a test says, with a pack of its own, an API key and the account of one user. Its
/// requests are kept.
/// </summary>
public sealed class OwnProvider : IAsyncDisposable
{
    public const string Key = "sk-own-0001-secret";

    private readonly WebApplication _app;

    private OwnProvider(WebApplication app) => _app = app;

    /// <summary>Method and target of every request.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    public string Url => _app.Urls.First();

    public string Organization { get; private set; } = "";

    public string Account { get; private set; } = "";

    /// <summary>What the provider answers.</summary>
    public required RequestDelegate Answer { get; set; }

    public static async Task<OwnProvider> StartAsync(RequestDelegate answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k =>
        {
            k.Listen(IPAddress.Loopback, 0);
            k.Limits.MaxRequestBodySize = null;
        });
        var app = builder.Build();
        var provider = new OwnProvider(app) { Answer = answer };
        app.Run(async http =>
        {
            provider.Requests.Enqueue($"{http.Request.Method} {http.Request.Path}{http.Request.QueryString}");
            await provider.Answer(http);
        });
        await app.StartAsync();
        return provider;
    }

    /// <summary>Stores the pack, and connects the account of ada.</summary>
    /// <param name="world">The hosts.</param>
    /// <param name="tools">The pack's tools, as JSON.</param>
    /// <param name="packRest">More members of the pack, each with a comma before it.</param>
    /// <param name="id">The pack's id, and the connection's name.</param>
    /// <param name="auth">How the key is placed.</param>
    public async Task ConnectAsync(
        World world,
        string tools = "[]",
        string packRest = "",
        string id = "own",
        string auth = """{"in":"header","name":"X-Key","value":"{api_key}","mode":"api_key"}"""
    )
    {
        ArgumentNullException.ThrowIfNull(world);
        var pack = $$$"""
            {"format":1,"id":"{{{id}}}","version":"1.0.0","display_name":"Own","development_only":true,
             "hosts":["127.0.0.1"],"auth_modes":["api_key"],
             "credentials":{"api_key":{"api_key":{"label":"Key"} } },"refresh":{"rotation":"mints"},
             "api":{"base_url":"{{{Url}}}","auth":[{{{auth}}}]},"tools":{{{tools}}}{{{packRest}}} }
            """;
        using var content = new StringContent(pack, null, "application/json");
        using var stored = await world.Client().PostAsync(new Uri("/v1/providers", UriKind.Relative), content);
        Assert.True(stored.StatusCode == HttpStatusCode.Created, await stored.Content.ReadAsStringAsync());
        Organization = await world.OrganizationAsync();
        var made = await world.PostAsync(
            "/v1/connections",
            new
            {
                organization_id = Organization,
                provider = id,
                allow_proxy = true,
                proxy_effect = "write",
            }
        );
        Assert.True(made.Status == HttpStatusCode.Created, made.ToString());
        Account = (await ImportAsync(world, "ada", Key, id))["id"];
    }

    public Task<Reply> ImportAsync(World world, string user, string key, string id = "own", bool validate = false)
    {
        ArgumentNullException.ThrowIfNull(world);
        return world.PostAsync(
            "/v1/connected_accounts",
            new
            {
                organization_id = Organization,
                user_id = user,
                connection = id,
                credential = new { type = "api_key", api_key = key },
                validate,
            }
        );
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();
}
