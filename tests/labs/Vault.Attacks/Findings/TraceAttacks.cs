using System.Text.Json;

namespace Vault.Attacks.Findings;

/// <summary>Acts that leave no trace, and acts that leave too many.</summary>
internal static class TraceAttacks
{
    private const int Refused = 300;

    public static IReadOnlyList<FindingAttack> Online { get; } =
    [
        new("H-4", "make a platform key without an entry", KeyAsync),
        new("H-4", "read the platform's ledger with an organization's key", ReadAsync),
        new("M-4", "guess keys without being counted", GuessAsync),
        new("M-12", "fill the ledger with refused executions", FillAsync),
    ];

    public static IReadOnlyList<FindingAttack> Offline { get; } =
    [new("H-4", "change the platform's ledger unseen", ChangeAsync)];

    private static async Task<string?> KeyAsync(AttackScene scene)
    {
        var (_, made) = await scene.PostAsync(
            "/v1/api_keys",
            new { name = "unseen", permissions = new[] { "providers:write" } }
        );
        var (status, ledger) = await scene.GetAsync("/v1/ledger?type=api_key.created&page_size=200", null);
        return
            status == 200 && ledger.ToString().Contains(made.GetProperty("id").GetString()!, StringComparison.Ordinal)
            ? null
            : $"the ledger answers {status} without it";
    }

    private static async Task<string?> ReadAsync(AttackScene scene)
    {
        var key = await scene.KeyAsync(null, "admin");
        var (status, ledger) = await scene.GetAsync("/v1/ledger?type=host.started", key);
        return status == 200 && ledger.GetProperty("items").GetArrayLength() == 0
            ? null
            : $"answered {status} {ledger}";
    }

    private static async Task<string?> GuessAsync(AttackScene scene)
    {
        await scene.GetAsync("/v1/providers", "vk_live_01hzzzzzzzzzzzzzzzzzzzzzzz_" + new string('a', 43));
        using var metrics = await scene.GetAsync("/metrics");
        var text = await metrics.Content.ReadAsStringAsync();
        return text.Contains("vault_auth_failures", StringComparison.Ordinal) ? null : "no metric counts it";
    }

    private static async Task<string?> FillAsync(AttackScene scene)
    {
        var key = await scene.KeyAsync(null, "proxy:execute");
        var body = new { user_id = "nobody" };
        for (var i = 0; i < Refused; i++)
            await scene.PostAsync("/v1/proxy/sandbox_key/echo", body, key);
        var path =
            $"/v1/ledger?type=execution.refused&user_id=nobody&page_size=200&organization_id={scene.Organization}";
        var (status, ledger) = await scene.GetAsync(path, null);
        var entries = status == 200 ? ledger.GetProperty("items").GetArrayLength() : throw Broken(status, ledger);
        // A minute may end meanwhile.
        return entries is 0 ? throw Broken(status, ledger)
            : entries <= Refused / 4 ? null
            : $"{Refused} refusals made {entries} entries";
    }

    private static async Task<string?> ChangeAsync(AttackScene scene)
    {
        var change =
            "update ledger_entries set event_id = 'evt_forged' where seq = 1 and organization_id = "
            + "'org_00000000000000000000000000'";
        await scene.ChangeAsync(change, change);
        await using var verifier = await RealHost.StartAsync(["ledger-verify", "platform", .. scene.Options()]);
        return verifier.Said.Contains("findings", StringComparison.Ordinal) ? null : "verified: " + verifier.Said;
    }

    private static InvalidOperationException Broken(int status, JsonElement body) =>
        new($"The attack does not work: {status} {body}");
}
