using Vault.Core.Callers;
using Vault.Gateway.Tests.Host;

namespace Vault.Gateway.Tests.Http;

/// <summary>Calls that read a whole chain: a few of one organization at a time, and none of another waits for
/// them.</summary>
public sealed class ScanTests
{
    [Fact]
    public async Task More_scans_than_allowed_are_refused_and_another_organization_is_served()
    {
        await using var host = await GatewayHost.StartAsync();
        var (mine, other) = (await host.OrganizationAsync(), await host.OrganizationAsync());
        var key = await host.KeyAsync(mine, Permission.LedgerRead);
        var second = await host.KeyAsync(mine, Permission.LedgerRead);
        var others = await host.KeyAsync(other, Permission.LedgerRead);
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var waiting = new SemaphoreSlim(0);
        host.Store.Before = async call =>
        {
            if (!call.StartsWith("ledger", StringComparison.Ordinal))
                return;
            waiting.Release();
            await release.Task;
        };
        Task<Reply>[] held =
        [
            host.PostAsync("/v1/ledger:verify", new { }, key),
            host.PostAsync("/v1/ledger:verify", new { }, second),
        ];
        foreach (var _ in held)
            await waiting.WaitAsync();
        // Of the organization, whichever of its keys asks.
        var refused = (await host.PostAsync("/v1/ledger:verify", new { }, key)).Is(429, "rate_limited");
        Assert.NotNull(refused.Header("Retry-After"));
        var served = host.PostAsync("/v1/ledger:verify", new { }, others);
        await waiting.WaitAsync();
        release.SetResult();
        (await served).Is(200);
        foreach (var scan in held)
            (await scan).Is(200);
        (await host.PostAsync("/v1/ledger:verify", new { }, key)).Is(200);
    }
}
