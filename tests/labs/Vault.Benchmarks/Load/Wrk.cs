using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Vault.Benchmarks.Load;

/// <summary>
/// The load generator, in a process of its own: wrk sends the next request of a connection when the answer to the last
/// has come.
/// </summary>
internal static class Wrk
{
    public static async Task<WrkResult> RunAsync(
        Uri target,
        string requestFile,
        int connections,
        int seconds,
        CancellationToken cancellationToken
    )
    {
        var script = Path.Combine(AppContext.BaseDirectory, "Load", "requests.lua");
        string[] arguments =
        [
            "-t",
            "1",
            "-c",
            Text(connections),
            "-d",
            Text(seconds) + "s",
            "--timeout",
            "10s",
            "-s",
            script,
            target.ToString(),
        ];
        var start = new ProcessStartInfo("wrk", arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        start.Environment["BENCH_REQUESTS"] = requestFile;
        using var wrk = Process.Start(start) ?? throw new BenchException("wrk cannot be started.");
        try
        {
            var (said, complaints) = (
                wrk.StandardOutput.ReadToEndAsync(cancellationToken),
                wrk.StandardError.ReadToEndAsync(cancellationToken)
            );
            await wrk.WaitForExitAsync(cancellationToken);
            var line = (await said).Split('\n').FirstOrDefault(l => l.StartsWith('@'))
                ?? throw new BenchException($"wrk said nothing usable about {target}: {await said}{await complaints}");
            return JsonSerializer.Deserialize<WrkResult>(line.AsSpan(1))!;
        }
        catch (OperationCanceledException)
        {
            wrk.Kill();
            throw;
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
