using System.Net.Http.Headers;
using System.Text;
using Vault.Benchmarks.Load;
using Vault.Benchmarks.Rig;

namespace Vault.Benchmarks.Measure;

/// <summary>Puts one load on one target and reads every counter before and after.</summary>
internal sealed class CellRunner(
    HttpClient http,
    string folder,
    SandboxRig sandbox,
    PostgresRig postgres,
    IReadOnlyList<int> everyServer
)
{
    /// <summary>One request of each kind, read in full: a target that refuses is no target.</summary>
    public async Task ProbeAsync(Target target, string operation, CancellationToken cancellationToken)
    {
        // The target before may have been warmed up with more writes than the upstream keeps items.
        await sandbox.ForgetItemsAsync(http, cancellationToken);
        var prepared = target.Request(operation, 0);
        using var request = new HttpRequestMessage(new HttpMethod(prepared.Method), new Uri(target.Url, prepared.Path));
        if (prepared.Token.Length > 0)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", prepared.Token);
        if (prepared.Body.Length > 0)
            request.Content = new StringContent(prepared.Body, Encoding.UTF8, "application/json");
        using var answer = await http.SendAsync(request, cancellationToken);
        var text = await answer.Content.ReadAsStringAsync(cancellationToken);
        if (!answer.IsSuccessStatusCode || !text.Contains("item-", StringComparison.Ordinal))
            throw new BenchException($"{target.Name} answered {(int)answer.StatusCode} to {prepared}: {text}");
    }

    public async Task<Sample> MeasureAsync(
        Target target,
        string operation,
        int accounts,
        int concurrency,
        int seconds,
        CancellationToken cancellationToken
    )
    {
        var file = Path.Combine(folder, $"{target.Name}-{operation}-{accounts}.txt");
        if (!File.Exists(file))
            RequestFile.Write(file, Enumerable.Range(0, accounts).Select(i => target.Request(operation, i)));
        await sandbox.ForgetItemsAsync(http, cancellationToken);
        var before = await ReadAsync(target, cancellationToken);
        var load = await Wrk.RunAsync(target.Url, file, concurrency, seconds, cancellationToken);
        var after = await ReadAsync(target, cancellationToken);
        if (load.Requests == 0)
            throw new BenchException($"{target.Name} answered nothing in {seconds} s.");

        double Each(double difference) => difference / load.Requests;
        double? EachOrNone(double? from, double? to) => to - from is { } difference ? Each(difference) : null;
        var cpu = before.Cpu.ToDictionary(c => c.Key, c => Math.Round(Each(after.Cpu[c.Key] - c.Value) * 1e6, 1));
        var wall = (after.At - before.At).TotalSeconds * Environment.ProcessorCount;
        var others = Math.Clamp((after.Machine - before.Machine - (after.Ours - before.Ours)) / wall, 0, 1);
        return new Sample(
            Math.Round(load.Requests / (load.Duration / 1e6), 1),
            load.P50,
            load.P95,
            load.P99,
            load.Longest,
            cpu,
            EachOrNone(before.Allocated, after.Allocated),
            target.OnPostgres ? Each(after.Writes - before.Writes) : null,
            EachOrNone(before.Rounds, after.Rounds),
            Math.Round(others, 3),
            load.Requests,
            load.Errors
        );
    }

    private async Task<Reading> ReadAsync(Target target, CancellationToken cancellationToken)
    {
        var (allocated, rounds) = await target.CountersAsync(cancellationToken);
        var writes = (double)await postgres.WritesAsync(cancellationToken);
        var (load, server) = (ProcessTimes.EndedChildren(), ProcessTimes.OfTree(postgres.ServerId));
        // The database counts only for who works through it; beside the others it still does the housekeeping of a
        // vault that is not measured.
        var cpu = new Dictionary<string, double>
        {
            ["target"] = ProcessTimes.Of(target.ProcessId),
            ["upstream"] = ProcessTimes.Of(sandbox.ProcessId),
            ["postgres"] = target.OnPostgres ? server : 0,
            ["load"] = load,
        };
        var ours = load + server + everyServer.Sum(ProcessTimes.Of) + Environment.CpuUsage.TotalTime.TotalSeconds;
        return new Reading(DateTime.UtcNow, cpu, ours, ProcessTimes.Machine(), allocated, rounds, writes);
    }

    private sealed record Reading(
        DateTime At,
        Dictionary<string, double> Cpu,
        double Ours,
        double Machine,
        double? Allocated,
        double? Rounds,
        double Writes
    );
}
