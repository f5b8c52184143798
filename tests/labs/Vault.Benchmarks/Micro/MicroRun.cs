using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Vault.Benchmarks.Rig;

namespace Vault.Benchmarks.Micro;

/// <summary>
/// Runs the micro-benchmarks, in this process: a project of their own per run would have to be restored and built
/// first.
/// </summary>
internal static class MicroRun
{
    /// <param name="names">Filters as BenchmarkDotNet takes them, for example <c>*Ledger*</c>; none for all.</param>
    public static void Run(string[] names)
    {
        var config = ManualConfig
            .CreateMinimumViable()
            .AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance))
            .AddDiagnoser(MemoryDiagnoser.Default)
            .WithArtifactsPath(Path.Combine(Checkout.Root, "artifacts", "micro"));
        BenchmarkSwitcher
            .FromTypes([typeof(SealingBenchmarks), typeof(RuleBenchmarks), typeof(LedgerBenchmarks)])
            .Run(names.Length == 0 ? ["--filter", "*"] : ["--filter", .. names], config);
    }
}
