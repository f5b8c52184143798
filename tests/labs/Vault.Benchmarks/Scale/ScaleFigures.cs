namespace Vault.Benchmarks.Scale;

/// <summary>What a scale run has found, in the order it was found, told at once.</summary>
internal sealed class ScaleFigures(TextWriter progress)
{
    private readonly List<(string Name, double Value, string Meaning)> _all = [];

    public IReadOnlyList<(string Name, double Value, string Meaning)> All => _all;

    public void Add(string name, double value, string meaning)
    {
        _all.Add((name, Math.Round(value, 3), meaning));
        progress.WriteLine(
            string.Create(
                System.Globalization.CultureInfo.InvariantCulture,
                $"bench: {name, -28} {value, 14:#,0.##}  {meaning}"
            )
        );
    }

    public static double Percentile(double[] values, double share)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length == 0 ? 0 : sorted[(int)Math.Min(sorted.Length - 1, sorted.Length * share)];
    }
}
