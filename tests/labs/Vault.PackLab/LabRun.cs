using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Vault.Core.Packs;
using Vault.Providers.Egress;

namespace Vault.PackLab;

/// <summary>
/// Runs one pack through every behaviour. A behaviour that fails does not keep the next from being tried.
/// </summary>
public static class LabRun
{
    public static readonly IReadOnlyList<string> Behaviours =
    [
        "connect",
        "oauth1",
        "refresh",
        "concurrent",
        "lost_reply",
        "token_errors",
        "api_errors",
        "transient",
        "callback",
        "revoke",
        "pinned",
    ];

    /// <param name="json">The pack's own text, for what the model does not keep: how far each rule and tool was
    /// checked.</param>
    public static async Task<PackReport> RunAsync(ProviderPack pack, ReadOnlyMemory<byte> json)
    {
        ArgumentNullException.ThrowIfNull(pack);
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
        using var emulator = new PackEmulator(pack, time);
        using var http = new ProviderHttp(new EgressOptions { AllowLoopback = pack.DevelopmentOnly }, emulator);
        using var bench = new LabBench(pack, http, emulator, time);
        var refreshes = RefreshChecks.Applies(pack);
        var oauth = pack.Details.OAuth is not null;
        return new PackReport(
            pack.Id,
            [
                await TryAsync("connect", true, () => ConnectChecks.ConnectAsync(bench)),
                await TryAsync("oauth1", pack.Details.OAuth1 is not null, () => OAuth1Checks.DanceAsync(bench)),
                await TryAsync("refresh", refreshes, () => RefreshChecks.TwiceAsync(bench)),
                await TryAsync("concurrent", refreshes, () => RefreshChecks.CrowdAsync(bench)),
                await TryAsync("lost_reply", refreshes, () => RefreshChecks.LostAsync(bench)),
                await TryAsync("token_errors", pack.Details.TokenErrors.Length > 0, () =>
                    ErrorChecks.TokenRulesAsync(bench)
                ),
                await TryAsync("api_errors", true, () => ErrorChecks.ApiRulesAsync(bench)),
                await TryAsync("transient", oauth, () => ErrorChecks.TransientAsync(bench)),
                await TryAsync("callback", pack.Details.OAuth?.Callback is not null, () =>
                    CallbackChecks.BringsAsync(bench)
                ),
                await TryAsync("revoke", pack.Details.Revocation is not null, () => EndChecks.RevokeAsync(bench)),
                await TryAsync("pinned", true, () => EndChecks.PinnedAsync(bench, http.Policy)),
            ],
            [.. Unproven(pack, json)]
        );
    }

    private static async Task<Finding> TryAsync(string behaviour, bool applies, Func<Task<string>> check)
    {
        if (!applies)
            return new Finding(behaviour, Proof.NotThere, "");
        try
        {
            return new Finding(behaviour, Proof.Proven, await check());
        }
        catch (LabException e)
        {
            return new Finding(behaviour, Proof.Failed, e.Message);
        }
    }

    private static IEnumerable<string> Unproven(ProviderPack pack, ReadOnlyMemory<byte> json)
    {
        yield return $"that the vendor answers as the pack says (confidence: {pack.Details.Confidence})";
        if (pack.Refresh.AccessLifetime is { } life)
            yield return $"the access token's life of {life.TotalSeconds:0} s";
        if (pack.Refresh.IdleLifetime is { } idle)
            yield return $"the end after {idle.TotalDays:0} days without use";
        if (pack.Refresh.AbsoluteLifetime is { } absolute)
            yield return $"the end {absolute.TotalDays:0} days after consent";
        if (pack.Details.GrantsPerUser is { } most)
            yield return $"the cap of {most} grants per user";
        if (RefreshChecks.Applies(pack))
            yield return $"the rotation '{RefreshChecks.Word(pack.Refresh.Rotation)}'";
        if (pack.Details.Revocation is { } revocation)
            yield return $"that revoking really ends the {revocation.Kills}";
        using var document = JsonDocument.Parse(json);
        foreach (var part in new[] { "token_errors", "api_errors", "tools" })
        {
            var marked = document.RootElement.TryGetProperty(part, out var list)
                ? list.EnumerateArray()
                    .Count(r => r.TryGetProperty("confidence", out var c) && c.GetString() == "unverified")
                : 0;
            if (marked > 0)
                yield return $"{marked} of the {list.GetArrayLength()} entries of {part} are marked unverified";
        }
    }
}
