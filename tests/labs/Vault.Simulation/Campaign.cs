using System.Diagnostics;

namespace Vault.Simulation;

/// <param name="Ends">How often schedules ended in which way.</param>
internal sealed record CampaignReport(
    long Schedules,
    long Steps,
    TimeSpan Elapsed,
    IReadOnlyDictionary<string, long> Ends,
    World? Failure,
    long UselessReplays,
    long SleepersReplays
);

/// <summary>Schedules, one after the other, until enough or one that breaks a promise.</summary>
internal static class Campaign
{
    public static async Task<CampaignReport> RunAsync(
        Scene scene,
        ulong seed,
        long schedules,
        TimeSpan? limit,
        Bug bug,
        Action<long, TimeSpan>? progress
    )
    {
        var clock = Stopwatch.StartNew();
        var ends = new SortedDictionary<string, long>(StringComparer.Ordinal);
        long done = 0,
            steps = 0,
            useless = 0,
            sleepers = 0;
        while (done < schedules && !(clock.Elapsed >= limit))
        {
            var world = await PlayAsync(scene, SeedOf(seed, done), bug, verbose: false);
            done++;
            steps += world.Steps;
            useless += world.UselessReplays;
            sleepers += world.SleepersReplays;
            if (world.Broken is not null)
            {
                return new CampaignReport(
                    done,
                    steps,
                    clock.Elapsed,
                    ends,
                    await PlayAsync(scene, world.Seed, bug, verbose: true),
                    useless,
                    sleepers
                );
            }

            ends[world.Ending!] = ends.GetValueOrDefault(world.Ending!) + 1;
            if (done % 10_000 == 0)
                progress?.Invoke(done, clock.Elapsed);
        }

        return new CampaignReport(done, steps, clock.Elapsed, ends, null, useless, sleepers);
    }

    /// <summary>Every schedule has a seed of its own, by which it can be played again alone.</summary>
    public static ulong SeedOf(ulong seed, long index) =>
        new Dice(seed + ((ulong)index * 0x9E3779B97F4A7C15)).Next() >> 16;

    public static async Task<World> PlayAsync(Scene scene, ulong seed, Bug bug, bool verbose)
    {
        var world = new World(scene, seed, bug, verbose);
        while (world.Step())
            await Pool.QuietAsync();
        await Pool.QuietAsync();
        await world.SettleAsync(Pool.QuietAsync);
        return world;
    }
}
