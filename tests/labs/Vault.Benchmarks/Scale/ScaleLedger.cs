using System.Diagnostics;
using Vault.Core.Identity;
using Vault.Core.Ledger;

namespace Vault.Benchmarks.Scale;

/// <summary>
/// Appending, verifying and querying one organization's chain through the product's own writer, on the database of the
/// run.
/// </summary>
internal static class ScaleLedger
{
    private const int Writers = 512;
    private const int Users = 100;
    private const int Queries = 200;

    public static async Task RunAsync(
        ScaleWorld world,
        OrganizationId organization,
        int entries,
        ScaleFigures figures,
        CancellationToken cancellationToken
    )
    {
        var started = DateTimeOffset.UtcNow;
        var waits = new double[entries];
        var next = -1;
        var clock = Stopwatch.StartNew();
        await using (
            var writer = new LedgerWriter(world.Store.Ledger, new LedgerEntryWriter(world.Entropy), TimeProvider.System)
        )
        {
            await Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => Task.Run(WriteAsync, cancellationToken)));

            async Task WriteAsync()
            {
                for (var i = Interlocked.Increment(ref next); i < entries; i = Interlocked.Increment(ref next))
                {
                    var at = Stopwatch.GetTimestamp();
                    if (await writer.AppendAsync(Draft(world, organization, i), cancellationToken) is { } refused)
                        throw new BenchException("The ledger refused: " + refused.Detail);
                    waits[i] = Stopwatch.GetElapsedTime(at).TotalMilliseconds;
                }
            }
        }

        figures.Add(
            "ledger_append_per_second",
            entries / clock.Elapsed.TotalSeconds,
            $"entries/s made durable, {entries:#,0} by {Writers} writers at once"
        );
        figures.Add(
            "ledger_append_p99_ms",
            ScaleFigures.Percentile(waits, 0.99),
            "ms, 99th percentile of an append under that load"
        );

        clock.Restart();
        var report = await new LedgerVerifier(world.Store.Ledger).VerifyAsync(organization, null, cancellationToken);
        if (report.Findings.Count > 0)
            throw new BenchException("The chain of the bench does not verify: " + report.Findings[0]);
        figures.Add("ledger_verify_per_second", entries / clock.Elapsed.TotalSeconds, "entries/s read and verified");

        var times = new double[Queries];
        for (var i = 0; i < Queries; i++)
        {
            var at = Stopwatch.GetTimestamp();
            var page = await world.Store.Ledger.QueryAsync(
                new LedgerQuery(organization)
                {
                    User = "user-" + (i % Users),
                    From = started.AddSeconds(-1),
                    Until = DateTimeOffset.UtcNow,
                    NewestFirst = true,
                    Limit = 50,
                },
                cancellationToken
            );
            times[i] = Stopwatch.GetElapsedTime(at).TotalMilliseconds;
            if (page.Entries.Count == 0)
                throw new BenchException("A query of the ledger found nothing.");
        }

        figures.Add(
            "ledger_query_p50_ms",
            ScaleFigures.Percentile(times, 0.5),
            "ms, a page of 50 entries of one user in a span of time"
        );
        figures.Add("ledger_query_p99_ms", ScaleFigures.Percentile(times, 0.99), "ms, the same at the 99th percentile");
    }

    private static LedgerDraft Draft(ScaleWorld world, OrganizationId organization, int i) =>
        new()
        {
            EventId = world.Ids.NewEvent(),
            Organization = organization,
            Type = LedgerEvents.ExecutionFinished,
            Time = DateTimeOffset.UtcNow,
            Caller = "key_bench",
            User = "user-" + (i % Users),
            ExecutionId = world.Ids.NewExecution(),
            Tool = "sandbox_single_use_get_item",
            ToolVersion = "1",
            Account = "ca_bench",
            Connection = "sandbox",
            Provider = "sandbox_single_use",
            ArgumentDigest = new string('0', 64),
            Outcome = "succeeded",
            UpstreamStatus = 200,
            TotalMs = 3.5,
            UpstreamMs = 2.25,
        };
}
