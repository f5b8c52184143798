using System.Text.Json;

namespace Vault.Attacks.Findings;

/// <summary>Destructive calls without another's approval.</summary>
internal static class ApprovalAttacks
{
    public static IReadOnlyList<FindingAttack> All { get; } =
    [
        new("H-8", "approve one's own request", s => ApproveAsync(s, Task.FromResult)),
        new("H-8", "approve it with a key that one makes", s =>
            ApproveAsync(s, async key => (await MadeAsync(s, key)).Key)
        ),
        new("H-8", "approve it with the successor of one's key", s => ApproveAsync(s, key => RotatedAsync(s, key))),
        new("H-8", "delete through a raw POST without an approval", s => RawAsync(s, new { method = "POST" })),
        new("H-8", "delete through _method in a raw GET", s => RawAsync(s, new { query = new { _method = "DELETE" } })),
        new("H-8", "allow destructive tools as the organization's administrator", s =>
            LoosenAsync(s, "destructive_policy", "allow")
        ),
        new("H-8", "lift the quota as the organization's administrator", s =>
            LoosenAsync(s, "user_quota_per_minute", 0)
        ),
        new("H-8", "make raw calls writes as the organization's administrator", ProxyEffectAsync),
    ];

    private static async Task<string?> ApproveAsync(AttackScene scene, Func<string, Task<string>> approver)
    {
        var (agent, approval) = await AskAsync(scene);
        var with = await approver(agent);
        var path = $"/v1/approvals/{approval}:approve";
        var (status, body) = await scene.PostAsync(path, new { decided_by = "the-ceo" }, with);
        return status == 403 ? null : $"answered {status} {body}";
    }

    // The approval's id is the status reason of the refusal.
    private static async Task<(string Key, string Approval)> AskAsync(AttackScene scene)
    {
        var key = await scene.KeyAsync(null, "admin");
        var (status, body) = await scene.PostAsync(
            "/v1/proxy/sandbox_key/items/1",
            new { user_id = "ada", method = "DELETE" },
            key
        );
        return status == 403 && body.TryGetProperty("status_reason", out var id) && id.ValueKind == JsonValueKind.String
            ? (key, id.GetString()!)
            : throw new InvalidOperationException($"No approval is asked for: {status} {body}");
    }

    private static async Task<(string Id, string Key)> MadeAsync(AttackScene scene, string by)
    {
        var (status, made) = await scene.PostAsync(
            "/v1/api_keys",
            new { name = "n", permissions = new[] { "admin" } },
            by
        );
        return status == 201
            ? (made.GetProperty("id").GetString()!, made.GetProperty("key").GetString()!)
            : throw new InvalidOperationException($"No key: {status} {made}");
    }

    private static async Task<string> RotatedAsync(AttackScene scene, string key)
    {
        // vk_live_{id}_{secret}
        var path = $"/v1/api_keys/key_{key.Split('_')[2]}:rotate";
        var (status, made) = await scene.PostAsync(path, new { overlap_seconds = 60 }, key);
        return status == 201
            ? made.GetProperty("key").GetString()!
            : throw new InvalidOperationException($"Not rotated: {status} {made}");
    }

    private static async Task<string?> RawAsync(AttackScene scene, object call)
    {
        var key = await scene.KeyAsync(null, "proxy:execute");
        var body = JsonSerializer.SerializeToNode(call)!.AsObject();
        body["user_id"] = "ada";
        var (status, answer) = await scene.PostAsync("/v1/proxy/sandbox_key/echo", body, key);
        return status == 403 && answer.GetProperty("code").GetString() == "approval_required"
            ? null
            : $"answered {status} {answer}";
    }

    private static async Task<string?> LoosenAsync(AttackScene scene, string field, object value)
    {
        var key = await scene.KeyAsync(null, "admin");
        var body = new Dictionary<string, object> { [field] = value };
        var (status, _) = await scene.SendAsync(HttpMethod.Patch, "/v1/organizations/" + scene.Organization, body, key);
        return status == 403 ? null : $"answered {status}";
    }

    private static async Task<string?> ProxyEffectAsync(AttackScene scene)
    {
        var key = await scene.KeyAsync(null, "admin");
        var (status, _) = await scene.SendAsync(
            HttpMethod.Patch,
            "/v1/connections/sandbox_key",
            new { proxy_effect = "write" },
            key
        );
        return status == 403 ? null : $"answered {status}";
    }
}
