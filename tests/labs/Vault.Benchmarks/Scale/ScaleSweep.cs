using System.Net.Http.Json;
using System.Text.Json;
using Vault.Benchmarks.Measure;
using Vault.Benchmarks.Rig;
using Vault.TestKit;

namespace Vault.Benchmarks.Scale;

/// <summary>
/// Accounts that become due one after the other, and nobody who asks for them: when each was refreshed, as its row
/// says.
/// </summary>
internal static class ScaleSweep
{
    public static async Task RunAsync(
        HttpClient http,
        IReadOnlyList<int> hosts,
        SandboxRig sandbox,
        ScaleWorld world,
        IReadOnlyList<LoadedAccount> due,
        DateTimeOffset begin,
        ScaleFigures figures,
        TextWriter progress,
        CancellationToken cancellationToken
    )
    {
        var end = begin + TimeSpan.FromSeconds(due.Count / ScaleCourse.DuePerSecond);
        progress.WriteLine($"bench: waiting for the due sweep, until about {end:HH:mm:ss} UTC");
        var before = hosts.Sum(ProcessTimes.Of);
        var refreshes = (
            await Eventually.TryUntilAsync(
                async () =>
                    (
                        await http.GetFromJsonAsync<JsonElement>(
                            new Uri(sandbox.Url, "/_control/counters"),
                            cancellationToken
                        )
                    )
                        .GetProperty("refreshes")
                        .GetInt64(),
                seen => seen >= due.Count,
                end + ScaleCourse.Margin - DateTimeOffset.UtcNow,
                TimeSpan.FromSeconds(1),
                cancellationToken
            )
        ).Last;
        var finished = DateTimeOffset.UtcNow;
        var (lags, late) = (new double[due.Count], 0);
        await Parallel.ForEachAsync(
            due.Index(),
            new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = cancellationToken },
            async (account, cancel) =>
            {
                var row = (await world.Store.Accounts.FindAsync(account.Item.Key, cancel))?.Row
                    ?? throw new BenchException("A due account is gone.");
                var refreshedAt = row.State.LastRefreshedAt ?? finished;
                lags[account.Index] = (refreshedAt - account.Item.DueAt!.Value).TotalSeconds;
                if (row.State.Generation != 2 || refreshedAt > account.Item.DueAt.Value + ScaleCourse.Margin)
                    Interlocked.Increment(ref late);
            }
        );
        figures.Add("sweep_refreshed", refreshes, $"of {due.Count:#,0} due accounts");
        figures.Add("sweep_late", late, "refreshed after the access token had ended, or not at all, or more than once");
        figures.Add("sweep_lag_p50_s", ScaleFigures.Percentile(lags, 0.5), "s from due to refreshed");
        figures.Add("sweep_lag_p99_s", ScaleFigures.Percentile(lags, 0.99), "s, the same at the 99th percentile");
        figures.Add(
            "sweep_cpu_us",
            (hosts.Sum(ProcessTimes.Of) - before) / due.Count * 1e6,
            "microseconds of the hosts' CPU per refresh"
        );
    }
}
