using System.Diagnostics;
using System.Text.RegularExpressions;
using Xunit.Abstractions;

namespace Vault.Core.Tests.Simulation;

/// <summary>
/// A short run of <c>./scripts/simulate</c>, in a process of its own because its thread pool has one worker. The long
/// runs are commands.
/// </summary>
public sealed partial class SimulationTests(ITestOutputHelper output)
{
    [Fact]
    public async Task No_schedule_of_the_account_path_breaks_a_promise()
    {
        var (code, text) = await SimulateAsync("--schedules", "2000");
        Assert.True(code == 0, text);
        Assert.Contains("2,000 schedules", text, StringComparison.Ordinal);
        Assert.Contains("0 promises broken", text, StringComparison.Ordinal);
    }

    /// <summary>
    /// The mistake is found, its schedule told, and played again by its seed: the same story, in another process.
    /// Without the mistake the same seed keeps every promise.
    /// </summary>
    [Theory]
    [InlineData("revoke-loses")]
    public async Task A_mistake_is_found_and_its_schedule_can_be_played_again(string bug)
    {
        var (code, found) = await SimulateAsync("--bug", bug, "--schedules", "2000");
        Assert.True(code == 0, found);
        var seed = Again().Match(found).Groups[1].Value;
        var (replayed, again) = await SimulateAsync("--replay", seed, "--bug", bug);
        Assert.Equal(1, replayed);
        Assert.StartsWith(again.TrimEnd(), found, StringComparison.Ordinal);
        Assert.Equal(0, (await SimulateAsync("--replay", seed)).Code);
    }

    [Fact]
    public async Task A_wrong_argument_is_named()
    {
        var (code, text) = await SimulateAsync("--bug", "no-such-bug");
        Assert.Equal(2, code);
        Assert.Contains("There is no bug 'no-such-bug'", text, StringComparison.Ordinal);
    }

    private async Task<(int Code, string Text)> SimulateAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(
            "dotnet",
            [Path.Combine(AppContext.BaseDirectory, "vault-simulate.dll"), .. arguments]
        )
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var text = await process.StandardOutput.ReadToEndAsync() + await errors;
        await process.WaitForExitAsync();
        output.WriteLine(text.Length > 4_000 ? text[^4_000..] : text);
        return (process.ExitCode, text);
    }

    [GeneratedRegex(@"--replay (\d+)")]
    private static partial Regex Again();
}
