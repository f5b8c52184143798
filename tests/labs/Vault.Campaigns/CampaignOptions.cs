using System.Globalization;

namespace Vault.Campaigns;

/// <summary>Which campaign to run, on what.</summary>
public sealed record CampaignOptions
{
    public const string Usage = """
        usage: scripts/crash [--kill | --faults | --long | --keys | --leaks] [options]

        Starts real hosts and a strict provider on this machine, puts accounts under load, and breaks things. Prints a table; ends with 1 when a grant
        was lost silently or under a wrong name, or the ledger does not verify.

          --kill                  SIGKILL and SIGSTOP at named points and at random moments (the default)
          --faults                the store breaks: crashes, cut connections, full disk, refused changes, slow sync, locks, power loss; with
                                  --store postgres also: a frozen silo, a cut network, a rolling restart, crowds
          --long                  what users of Orleans met in production, on PostgreSQL, an hour or more: the
                                  directory of 10,000 accounts lost with its silo, the database away for 30 s, 200
                                  restarts, ten silos started in the same second (--rounds times), 10,000 accounts due
                                  while no silo runs, clocks that are 90 s wrong (needs libfaketime)
          --keys                  key rotation and master re-wrap killed in the middle; erasure against a full backup (SQLite)
          --leaks                 searches every place where a credential could have been left, then plants one in each
          --rounds N              strikes of --kill, rotations of --keys, starts of --long, 1 to 100000 [40]
          --store NAME            sqlite (one silo) or postgres (a cluster of three) [sqlite]
          --provider NAME         strict: a refresh token that comes twice kills the grant; grace: rotation with a window of 30 s [strict]
          --only TEXT             of --faults and --long those whose name has it
          --accounts N            accounts under load, 1 to 500 [16]
          --seed N                decides victims, points and moments; the same seed draws the same strikes [1]
          --json FILE             also writes the figures there
          --logs FOLDER           keeps what the hosts logged there

        """;

    public string Campaign { get; init; } = "kill";

    public int Rounds { get; init; } = 40;

    public bool Postgres { get; init; }

    public bool Strict { get; init; } = true;

    public int Accounts { get; init; } = 16;

    public int Seed { get; init; } = 1;

    public string? Json { get; init; }

    public string? Logs { get; init; }

    public string? Only { get; init; }

    /// <summary>The options, or every fault.</summary>
    public static (CampaignOptions? Options, IReadOnlyList<string> Faults) Read(IReadOnlyList<string> arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        var (options, faults) = (new CampaignOptions(), new List<string>());
        for (var i = 0; i < arguments.Count; i++)
        {
            var name = arguments[i];
            if (name is "--kill" or "--faults" or "--long" or "--keys" or "--leaks")
            {
                options = options with { Campaign = name[2..] };
                continue;
            }

            if (
                name
                is not (
                    "--rounds"
                    or "--store"
                    or "--provider"
                    or "--accounts"
                    or "--seed"
                    or "--json"
                    or "--logs"
                    or "--only"
                )
            )
            {
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
                "--rounds" => options with { Rounds = Number(name, value, 1, 100_000, faults) },
                "--accounts" => options with { Accounts = Number(name, value, 1, 500, faults) },
                "--seed" => options with { Seed = Number(name, value, 0, int.MaxValue, faults) },
                "--store" => options with { Postgres = OneOf(name, value, "sqlite", "postgres", faults) == "postgres" },
                "--provider" => options with { Strict = OneOf(name, value, "strict", "grace", faults) == "strict" },
                "--only" => options with { Only = value },
                "--logs" => options with { Logs = value },
                _ => options with { Json = value },
            };
        }

        if (options.Campaign == "long")
            options = options with { Postgres = true };
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
        faults.Add($"{name}: '{value}' is not a whole number from {least} to {most}");
        return least;
    }

    private static string OneOf(string name, string value, string first, string second, List<string> faults)
    {
        if (value == first || value == second)
            return value;
        faults.Add($"{name}: '{value}' is neither {first} nor {second}");
        return first;
    }
}
