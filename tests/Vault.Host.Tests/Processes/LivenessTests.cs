using System.Net;
using Vault.Host.Tests.Cluster;
using Vault.TestKit;

namespace Vault.Host.Tests.Processes;

/// <summary>What a supervisor sees of a silo that stands still, and of one whose neighbours do.</summary>
[Collection(ClusterCollection.Name)]
public sealed class LivenessTests
{
    private const string Provider = "sandbox_grace";
    private const int Accounts = 16;

    // As the manifests' failureThreshold and timeoutSeconds.
    private const int Probes = 3;
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(6);

    [Fact]
    public async Task A_silo_whose_threads_stand_still_fails_its_probes_and_the_other_one_passes_all_of_its_own()
    {
        await using var world = await ProcessWorld.StartAsync(1);
        var trigger = world.FileOf("trigger");
        var wedged = await world.AddAsync("--checkpoint", trigger);
        var organization = await world.OrganizationAsync(Provider);
        for (var i = 0; i < Accounts; i++)
            await world.ConnectAsync(organization, "user" + i, Provider);
        Assert.True(await LiveAsync(world, wedged));

        // Some of the accounts live there.
        await File.WriteAllTextAsync(trigger, "any WEDGE");
        var lost = Task.WhenAll(
            Enumerable.Range(0, Accounts).Select(i => world.WriteAsync(wedged, organization, "user" + i, Provider))
        );
        await Eventually.UntilAsync(() => File.Exists(trigger + ".reached"), () => "the point was not reached");

        var probes = await Task.WhenAll(Enumerable.Range(0, Probes).Select(_ => LiveAsync(world, wedged)));
        Assert.DoesNotContain(true, probes);
        Assert.False(world.Silos[wedged].HasExited);

        for (var i = 0; i < Accounts; i++)
            await world.RecoverAsync(0, organization, "user" + i, Provider);
        Assert.True(await LiveAsync(world, 0));
        await world.Silos[wedged].SignalAsync("KILL");
        await Record.ExceptionAsync(() => lost);
    }

    [Fact]
    public async Task A_silo_stays_live_and_ready_while_the_others_are_dead_and_frozen()
    {
        await using var world = await ProcessWorld.StartAsync(3);
        var organization = await world.OrganizationAsync(Provider);
        for (var i = 0; i < Accounts; i++)
            await world.ConnectAsync(organization, "user" + i, Provider);

        // As a load balancer asks from the start.
        await Eventually.UntilAsync(() => world.GetAsync(0, "/health/ready"), r => r.Status == HttpStatusCode.OK);
        await world.Silos[1].SignalAsync("STOP");
        await world.Silos[2].SignalAsync("KILL");

        var recovered = Task.WhenAll(
            Enumerable.Range(0, Accounts).Select(i => world.RecoverAsync(0, organization, "user" + i, Provider))
        );
        var looks = 0;
        for (var again = true; again; looks++)
        {
            again = !recovered.IsCompleted;
            Assert.True(await LiveAsync(world, 0), "not live");
            var ready = await world.GetAsync(0, "/health/ready");
            Assert.True(ready.Status == HttpStatusCode.OK, ready.ToString());
        }

        await recovered;
        Assert.True(looks > 1, $"{looks} looks");
    }

    // As a supervisor asks: no answer in time is no.
    private static async Task<bool> LiveAsync(ProcessWorld world, int silo)
    {
        using var client = new HttpClient { BaseAddress = new Uri(world.Silos[silo].Url), Timeout = ProbeTimeout };
        try
        {
            using var answer = await client.GetAsync(new Uri("/health/live", UriKind.Relative));
            return answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }
}
