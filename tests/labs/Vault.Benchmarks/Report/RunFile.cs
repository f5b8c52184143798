using System.Text.Json;
using Vault.Benchmarks.Measure;

namespace Vault.Benchmarks.Report;

/// <summary>A run as JSON.</summary>
internal static class RunFile
{
    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        IgnoreReadOnlyProperties = true,
    };

    public static BenchRun Read(string path)
    {
        try
        {
            var run = JsonSerializer.Deserialize<BenchRun>(File.ReadAllText(path), Options);
            return run is { Format: 1, Cells.Count: > 0 }
                ? run
                : throw new BenchException($"{path} holds no run of this bench's format.");
        }
        catch (JsonException e)
        {
            throw new BenchException($"{path} is not a file of figures: {e.Message}");
        }
    }

    public static void Write(string path, BenchRun run)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, JsonSerializer.Serialize(run, Options) + "\n");
    }
}
