using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Npgsql;

namespace Vault.Benchmarks.Targets;

/// <summary>
/// What a good engineer writes in an afternoon instead of taking a vault: check the caller's key, read the account's
/// row, decrypt the token, call the API, wrap the answer. No policy, no schema, no judgement of the answer, no second
/// try; with <c>audit</c> one row that says who did what, committed before the answer, otherwise no record at all.
/// </summary>
internal static class HomegrownApp
{
    public static async Task<int> RunAsync(ServeSettings settings, bool audit)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.Sources.Clear();
        builder.Logging.ClearProviders();
        builder.WebHost.UseSockets(ServeSettings.Sockets);
        builder.WebHost.ConfigureKestrel(k =>
        {
            k.AddServerHeader = false;
            k.Listen(IPAddress.Loopback, settings.Listen.Port);
        });
        await using var source = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(settings.Database)
            {
                MaxAutoPrepare = 20,
                AutoPrepareMinUsages = 2,
                NoResetOnClose = true,
            }
        );
        using var cipher = new TokenCipher(settings.Key);
        using var http = new HttpClient(
            new SocketsHttpHandler
            {
                UseCookies = false,
                UseProxy = false,
                AllowAutoRedirect = false,
                ActivityHeadersPropagator = null,
            }
        );
        var tokens = new HomegrownTokens(source, cipher, http, settings.Upstream);
        var trail = audit ? new HomegrownAudit(source) : null;
        var keyHash = SHA256.HashData(Encoding.UTF8.GetBytes(settings.ApiKey));
        await using var app = builder.Build();
        app.MapGet(ServeSettings.AllocatedPath, ServeSettings.Allocated);
        app.MapPost("/execute", context => ExecuteAsync(context, tokens, trail, http, settings.Upstream, keyHash));
        await app.RunAsync();
        return 0;
    }

    private static async Task ExecuteAsync(
        HttpContext context,
        HomegrownTokens tokens,
        HomegrownAudit? trail,
        HttpClient http,
        string upstream,
        byte[] keyHash
    )
    {
        var authorization = context.Request.Headers.Authorization.ToString();
        if (
            !authorization.StartsWith("Bearer ", StringComparison.Ordinal)
            || !CryptographicOperations.FixedTimeEquals(
                SHA256.HashData(Encoding.UTF8.GetBytes(authorization[7..])),
                keyHash
            )
        )
        {
            context.Response.StatusCode = 401;
            return;
        }

        using var body = await JsonDocument.ParseAsync(context.Request.Body, default, context.RequestAborted);
        var call = body.RootElement;
        var token = await tokens.TakeAsync(
            call.GetProperty("organization_id").GetString()!,
            call.GetProperty("user_id").GetString()!,
            "sandbox",
            context.RequestAborted
        );
        if (token is null)
        {
            context.Response.StatusCode = 404;
            return;
        }

        using var request = Map(call.GetProperty("tool_name").GetString()!, call.GetProperty("tool_input"), upstream);
        if (request is null)
        {
            context.Response.StatusCode = 400;
            return;
        }

        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var response = await http.SendAsync(
            request,
            HttpCompletionOption.ResponseHeadersRead,
            context.RequestAborted
        );
        var answer = await response.Content.ReadAsByteArrayAsync(context.RequestAborted);
        if (trail is not null)
            await trail.AppendAsync(call, (int)response.StatusCode, context.RequestAborted);
        context.Response.StatusCode = response.IsSuccessStatusCode ? 200 : 502;
        context.Response.ContentType = "application/json";
        await using var writer = new Utf8JsonWriter(context.Response.BodyWriter);
        writer.WriteStartObject();
        writer.WriteNumber("status"u8, (int)response.StatusCode);
        writer.WritePropertyName("data"u8);
        writer.WriteRawValue(answer);
        writer.WriteEndObject();
    }

    private static HttpRequestMessage? Map(string tool, JsonElement input, string upstream)
    {
        switch (tool)
        {
            case "sandbox_get_item":
                return new HttpRequestMessage(
                    HttpMethod.Get,
                    $"{upstream}/api/items/{Uri.EscapeDataString(input.GetProperty("id").GetString()!)}"
                );
            case "sandbox_create_item":
                var create = new HttpRequestMessage(HttpMethod.Post, upstream + "/api/items")
                {
                    Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(input)),
                };
                create.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
                create.Headers.TryAddWithoutValidation("Idempotency-Key", Guid.NewGuid().ToString("N"));
                return create;
            default:
                return null;
        }
    }
}
