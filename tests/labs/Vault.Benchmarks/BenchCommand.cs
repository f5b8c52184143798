using Vault.Benchmarks.Measure;
using Vault.Benchmarks.Report;
using Vault.Benchmarks.Rig;
using Vault.Benchmarks.Scale;

namespace Vault.Benchmarks;

/// <summary>Measures, or takes an earlier run, and tells.</summary>
internal static class BenchCommand
{
    public static async Task<int> RunAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        if (options.Scale is { } accounts)
        {
            var path = Path.GetFullPath(options.Out ?? Path.Combine(Checkout.Root, "artifacts", "scale.json"));
            await ScaleReport.WriteAsync(
                await ScaleCourse.RunAsync(accounts, Console.Error, cancellationToken),
                path,
                cancellationToken
            );
            return 0;
        }

        if (options.Due is { } due)
        {
            var path = Path.GetFullPath(options.Out ?? Path.Combine(Checkout.Root, "artifacts", "cluster-due.json"));
            var swept = await ClusterDueCourse.RunAsync(due, Console.Error, cancellationToken);
            await ScaleReport.WriteAsync(swept, path, cancellationToken);
            return
                swept.Figures["sweep_late"].Value > 0
                || swept.Figures["token_calls_at_once"].Value > ClusterDueCourse.Parallelism
                ? 1
                : 0;
        }

        if (options.Cluster)
            return await ClusterCourse.RunAsync(Console.Out, Console.Error, cancellationToken);

        // Read first: a file that is no run should not cost a run.
        var earlier = options.Compare is { } old ? RunFile.Read(old) : null;
        BenchRun run;
        if (options.From is { } from)
        {
            run = RunFile.Read(from);
        }
        else
        {
            run = await Course.RunAsync(options, Console.Error, cancellationToken);
            var path = Path.GetFullPath(options.Out ?? Path.Combine(Checkout.Root, "artifacts", "bench.json"));
            RunFile.Write(path, run);
            await File.WriteAllTextAsync(Path.ChangeExtension(path, ".svg"), Chart.Draw(run), cancellationToken);
            Console.Error.WriteLine($"bench: figures in {path}, chart in {Path.ChangeExtension(path, ".svg")}");
        }

        ConsoleReport.Write(Console.Out, run);
        if (earlier is not null)
            Comparison.Write(Console.Out, earlier, run);
        if (run.Cells.Any(c => c.Errors > 0))
            return 1;
        if (options.Docs)
            SpeedPage.Write(run);
        return 0;
    }
}
