using System.Globalization;
using System.Text.Json;

namespace Vault.Attacks.Findings;

/// <summary>Life and reach of API keys.</summary>
internal static class KeyAttacks
{
    public static IReadOnlyList<FindingAttack> All { get; } =
    [
        new("H-7", "make a key that outlives the maker", OutliveAsync),
        new("H-7", "outlive oneself by rotating another key", OutliveByRotationAsync),
        new("H-7", "keep the child of a compromised key", KeepChildAsync),
        new("H-7", "revoke the administrator's key with keys:write", s => TouchFirstAsync(s, "revoke")),
        new("H-7", "become administrator by rotating his key with keys:write", s => TouchFirstAsync(s, "rotate")),
        new("H-7", "widen the limits of one's key in a key that it makes", WidenAsync),
        new("H-7", "act as another user with a key for one user", s => ActAsync(s, new { users = new[] { "eve" } })),
        new("H-7", "act with a key that is limited to no user", s =>
            ActAsync(s, new { users = Array.Empty<string>() })
        ),
        new("H-7", "call another tool with a key for one tool", s => ActAsync(s, new { tools = new[] { "other" } })),
        new("H-7", "reach another connection", s => ActAsync(s, new { connections = new[] { "sandbox_basic" } })),
        new("H-7", "use a key from another address", s => ActAsync(s, new { addresses = new[] { "192.0.2.0/24" } })),
        new("H-7", "list another user's account", ListAsync),
        new("M-7", "read the administrator's key in the host's output", s => Task.FromResult(Printed(s))),
    ];

    private static async Task<string?> OutliveAsync(AttackScene scene)
    {
        var (parent, end) = await EndingAsync(scene);
        var (status, child) = await scene.PostAsync("/v1/api_keys", Admin(), parent);
        return status == 201 ? Beyond(child, end) : null;
    }

    private static async Task<string?> OutliveByRotationAsync(AttackScene scene)
    {
        var (parent, end) = await EndingAsync(scene);
        var (_, other) = await scene.PostAsync("/v1/api_keys", Admin());
        var path = $"/v1/api_keys/{other.GetProperty("id").GetString()}:rotate";
        var (status, successor) = await scene.PostAsync(path, new { }, parent);
        return status == 201 ? Beyond(successor, end) : null;
    }

    private static async Task<string?> KeepChildAsync(AttackScene scene)
    {
        var (_, parent) = await scene.PostAsync("/v1/api_keys", Admin());
        var (_, child) = await scene.PostAsync("/v1/api_keys", Admin(), Key(parent));
        var path = $"/v1/api_keys/{parent.GetProperty("id").GetString()}:revoke";
        var (revoked, _) = await scene.PostAsync(path, new { reason = "compromised" });
        var (status, _) = await scene.PostAsync("/v1/api_keys", Admin(), Key(child));
        return status == 401 ? null : $"revoked with {revoked}, and its child is answered {status}";
    }

    private static async Task<string?> TouchFirstAsync(AttackScene scene, string verb)
    {
        var lesser = new { name = "lesser", permissions = new[] { "keys:write" } };
        var (_, key) = await scene.PostAsync("/v1/api_keys", lesser);
        // One that may do as much as the first key stands in for it: a success must not end the scene's own key.
        var (_, admin) = await scene.PostAsync("/v1/api_keys", Admin());
        var path = $"/v1/api_keys/{admin.GetProperty("id").GetString()}:{verb}";
        var (status, _) = await scene.PostAsync(path, new { }, Key(key));
        return status == 403 ? null : $"answered {status}";
    }

    private static async Task<string?> WidenAsync(AttackScene scene)
    {
        var limited = await scene.KeyAsync(new { users = new[] { "eve" } }, "keys:write");
        var wider = new
        {
            name = "wider",
            permissions = new[] { "keys:write" },
            users = new[] { "ada" },
        };
        var (status, _) = await scene.PostAsync("/v1/api_keys", wider, limited);
        return status == 403 ? null : $"answered {status}";
    }

    // Another's account is reached when the provider is called, or when the vault says anything but that the key may
    // not or that there is no account.
    private static async Task<string?> ActAsync(AttackScene scene, object limits)
    {
        var key = await scene.KeyAsync(limits, "proxy:execute");
        var (status, body) = await scene.PostAsync("/v1/proxy/sandbox_key/echo", new { user_id = "ada" }, key);
        return status is 403 or 424 ? null : $"answered {status} {body}";
    }

    private static async Task<string?> ListAsync(AttackScene scene)
    {
        var key = await scene.KeyAsync(new { users = new[] { "eve" } }, "accounts:read");
        var (status, body) = await scene.GetAsync("/v1/connected_accounts", key);
        return status != 200 ? throw new InvalidOperationException($"Answered {status} {body}")
            : body.GetProperty("items").GetArrayLength() == 0 ? null
            : "sees " + body;
    }

    private static string? Printed(AttackScene scene) =>
        scene.Host.Said.Contains("vk_live_", StringComparison.Ordinal) ? "it is printed" : null;

    private static async Task<(string Key, DateTimeOffset End)> EndingAsync(AttackScene scene)
    {
        var end = DateTimeOffset.UtcNow.AddMinutes(10);
        var body = new
        {
            name = "ending",
            permissions = new[] { "admin" },
            expires_at = end.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
        };
        var (_, made) = await scene.PostAsync("/v1/api_keys", body);
        return (Key(made), end);
    }

    private static object Admin() => new { name = "made", permissions = new[] { "admin" } };

    private static string Key(JsonElement made) => made.GetProperty("key").GetString()!;

    private static string? Beyond(JsonElement made, DateTimeOffset end) =>
        made.GetProperty("expires_at") is { ValueKind: JsonValueKind.String } given && given.GetDateTimeOffset() <= end
            ? null
            : "it ends " + made.GetProperty("expires_at");
}
