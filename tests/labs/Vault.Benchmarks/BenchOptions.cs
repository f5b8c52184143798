using System.Globalization;

namespace Vault.Benchmarks;

/// <summary>What to measure and what to do with it.</summary>
public sealed record BenchOptions
{
    public const string Usage = """
        usage: scripts/bench [options]

        Measures what execute_tool costs beside calling the provider directly, a bare reverse proxy (the floor) and a handler as a good engineer would
        write it (homegrown), all on this machine in one run, and prints the ratios first.

        Without options: every cell for 2 s, three times (under 12 minutes).

          --quick                 floor, homegrown and postgres only, 1 s per cell, twice, spread over accounts at concurrency 16 only (about 2 minutes)
          --full                  8 s per cell
          --scale N               instead: N accounts (1,000 to 1,000,000): loading, start-up, memory, cold calls, due sweep, key rotation, ledger
          --micro [NAMES]         instead: the parts by themselves (sealing, lifecycle, schema, ledger, pack rules, search), by BenchmarkDotNet
          --catalogue [TOOLS]     instead: loading the packs, and searching a catalogue of so many tools (20000), with percentiles
          --cluster               instead: reads through the silo that owns the account, and through one that asks another (2 minutes)
          --cluster --due N       instead: N accounts (1,000 to 1,000,000) due one after the other, 100,000 in ten minutes, over two silos
          --seconds N             seconds per cell, 1 to 300
          --repeats N             how often every cell is measured, 1 to 20; the median counts and the spread is the noise
          --targets LIST          of direct, floor, homegrown, homegrown-audit, sqlite, postgres
          --against FOLDER        also measure the vault of that checkout (built with -c Release), in turns with this one's, and show what changed
          --operations LIST       of read, write
          --concurrency LIST      connections, for example 1,16,64
          --accounts LIST         accounts the calls are spread over, for example 1,1000
          --out FILE              where the figures go as JSON [artifacts/bench.json]; the chart goes beside it as .svg
          --compare FILE          afterwards show what moved, beyond the noise, since that earlier run
          --from FILE             measure nothing; use the figures of that run for --compare and --docs
          --docs                  write the table into docs/speed.md and keep figures and chart as tests/labs/Vault.Benchmarks/latest.json and .svg

        """;

    public static readonly IReadOnlyList<string> AllTargets =
    [
        "direct",
        "floor",
        "homegrown",
        "homegrown-audit",
        "sqlite-against",
        "sqlite",
        "postgres-against",
        "postgres",
    ];

    private static readonly IReadOnlyList<string> NamedTargets =
    [
        .. AllTargets.Where(t => !t.EndsWith("-against", StringComparison.Ordinal)),
    ];

    /// <summary>Spread over accounts at one concurrency only.</summary>
    public bool Quick { get; init; }

    /// <summary>Accounts of the scale run; null for the ordinary run.</summary>
    public int? Scale { get; init; }

    /// <summary>A local call against one across silos, instead of the ordinary run.</summary>
    public bool Cluster { get; init; }

    /// <summary>Accounts that become due over two silos; null for none.</summary>
    public int? Due { get; init; }

    public int Seconds { get; init; } = 2;

    public int Repeats { get; init; } = 3;

    public IReadOnlyList<string> Targets { get; init; } = NamedTargets;

    /// <summary>Another checkout whose vault is measured in turns with this one's; null for none.</summary>
    public string? Against { get; init; }

    public IReadOnlyList<string> Operations { get; init; } = ["read", "write"];

    public IReadOnlyList<int> Concurrency { get; init; } = [1, 16, 64];

    public IReadOnlyList<int> Accounts { get; init; } = [1, 1000];

    /// <summary>Null: artifacts/bench.json of the checkout.</summary>
    public string? Out { get; init; }

    public string? Compare { get; init; }

    public string? From { get; init; }

    public bool Docs { get; init; }

    /// <summary>The options, or every fault.</summary>
    public static (BenchOptions? Options, IReadOnlyList<string> Faults) Read(IReadOnlyList<string> arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        var (options, faults) = (new BenchOptions(), new List<string>());

        // First what stands for several others, so that the others can correct it wherever they stand.
        if (arguments.Contains("--quick"))
            options = options with
            {
                Quick = true,
                Seconds = 1,
                Repeats = 2,
                Targets = ["floor", "homegrown", "homegrown-audit", "postgres"],
            };
        if (arguments.Contains("--full"))
            options = options with { Seconds = 8 };
        for (var i = 0; i < arguments.Count; i++)
        {
            var name = arguments[i];
            switch (name)
            {
                case "--quick" or "--full":
                    continue;
                case "--cluster":
                    options = options with { Cluster = true };
                    continue;
                case "--docs":
                    options = options with { Docs = true };
                    continue;
                case "--seconds"
                or "--repeats"
                or "--targets"
                or "--against"
                or "--operations"
                or "--concurrency"
                or "--accounts"
                or "--out"
                or "--compare"
                or "--from"
                or "--scale"
                or "--due":
                    break;
                default:
                    faults.Add($"there is no option '{name}'");
                    continue;
            }

            if (i + 1 == arguments.Count || arguments[i + 1].StartsWith("--", StringComparison.Ordinal))
            {
                faults.Add($"{name} needs a value");
                continue;
            }

            var value = arguments[++i];
            options = name switch
            {
                "--seconds" => options with { Seconds = Number(name, value, 1, 300, faults) },
                "--repeats" => options with { Repeats = Number(name, value, 1, 20, faults) },
                "--targets" => options with { Targets = Words(name, value, NamedTargets, faults) },
                "--against" => options with { Against = Checkout(name, value, faults) },
                "--operations" => options with { Operations = Words(name, value, ["read", "write"], faults) },
                "--concurrency" => options with { Concurrency = Numbers(name, value, 1, 4096, faults) },
                "--accounts" => options with { Accounts = Numbers(name, value, 1, 20_000, faults) },
                "--scale" => options with { Scale = Number(name, value, 1_000, 1_000_000, faults) },
                "--due" => options with { Due = Number(name, value, 1_000, 1_000_000, faults) },
                "--out" => options with { Out = value },
                "--compare" => options with { Compare = Existing(name, value, faults) },
                _ => options with { From = Existing(name, value, faults) },
            };
        }

        if (options.Against is not null)
            options = options with
            {
                Targets =
                [
                    .. options.Targets.SelectMany(t => t is "sqlite" or "postgres" ? new[] { t + "-against", t } : [t]),
                ],
            };
        if (options is { Due: not null, Cluster: false })
            faults.Add("--due: is of --cluster");
        return faults.Count == 0 ? (options, faults) : (null, faults);
    }

    private static int Number(string name, string value, int least, int most, List<string> faults)
    {
        if (
            int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number >= least
            && number <= most
        )
            return number;
        faults.Add($"{name}: '{value}' is not a number from {least} to {most}");
        return least;
    }

    private static int[] Numbers(string name, string value, int least, int most, List<string> faults) =>
        [.. value.Split(',').Select(v => Number(name, v, least, most, faults)).Distinct().Order()];

    private static string[] Words(string name, string value, IReadOnlyList<string> known, List<string> faults)
    {
        var words = value.Split(',').Distinct().ToArray();
        faults.AddRange(
            words
                .Where(w => !known.Contains(w))
                .Select(w => $"{name}: there is no '{w}'; there are {string.Join(", ", known)}")
        );
        return [.. known.Where(words.Contains)];
    }

    private static string Checkout(string name, string value, List<string> faults)
    {
        if (!File.Exists(Rig.Checkout.Program("src/Vault.Host", "vault-host", value)))
            faults.Add($"{name}: '{value}' has no built vault; run 'dotnet build -c Release' there");
        return value;
    }

    private static string Existing(string name, string value, List<string> faults)
    {
        if (!File.Exists(value))
            faults.Add($"{name}: there is no file '{value}'");
        return value;
    }
}
