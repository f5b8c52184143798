using System.Text.Json;
using Vault.Benchmarks.Measure;

namespace Vault.Benchmarks.Scale;

/// <summary>A scale run as JSON; the terminal has seen it already.</summary>
internal static class ScaleReport
{
    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    public static async Task WriteAsync(ScaleRun run, string path, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await File.WriteAllTextAsync(path, JsonSerializer.Serialize(run, Options) + "\n", cancellationToken);
        Console.Error.WriteLine($"bench: figures in {path}");
    }
}

internal sealed record ScaleFigure(double Value, string Meaning);

internal sealed record ScaleRun(
    DateTimeOffset Date,
    string Commit,
    MachineFacts Machine,
    int Accounts,
    IReadOnlyDictionary<string, ScaleFigure> Figures
);
