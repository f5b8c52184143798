using System.Globalization;

namespace Vault.Simulation;

internal sealed record SimulateOptions(long Schedules, ulong Seed, Bug Bug, ulong? Replay, TimeSpan? Limit, bool Quiet)
{
    public static string Help { get; } =
        $"""
            Plays random schedules of the whole account path on simulated time, network and disk, and judges every one.

              ./scripts/simulate [--schedules N] [--minutes M] [--seed S] [--bug NAME] [--replay SEED]

              --schedules N   how many (100000; with --bug as many as a minute allows)
              --minutes M     stop after M minutes
              --seed S        the campaign's seed (1); a campaign with one seed is always the same
              --bug NAME      make a known mistake in the doubles around the product, and find it; "all" makes one after the other
              --replay SEED   play one schedule again and print it step by step; with --bug if it was found with one

            Ends with 0 when every promise held (with --bug: when the mistake was found), with 1 when one was broken, with 2 for wrong arguments.

            Bugs:
            {string.Join('\n', Bugs.All.Select(b => $"  {b.Name, -22} {b.What}"))}
            """;

    /// <summary>Null, with what is wrong in <paramref name="fault"/>.</summary>
    public static SimulateOptions? Parse(string[] arguments, out string fault)
    {
        var options = new SimulateOptions(0, 1, Bug.None, null, null, false);
        fault = "";
        for (var i = 0; i < arguments.Length; i++)
        {
            var (name, value) = (arguments[i], i + 1 < arguments.Length ? arguments[i + 1] : null);
            switch (name)
            {
                case "--schedules"
                    when long.TryParse(value, NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out var n)
                        && n > 0:
                    options = options with { Schedules = n };
                    break;
                case "--seed" when ulong.TryParse(value, CultureInfo.InvariantCulture, out var seed):
                    options = options with { Seed = seed };
                    break;
                case "--replay" when ulong.TryParse(value, CultureInfo.InvariantCulture, out var replay):
                    options = options with { Replay = replay };
                    break;
                case "--minutes"
                    when double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var minutes)
                        && minutes > 0:
                    options = options with { Limit = TimeSpan.FromMinutes(minutes) };
                    break;
                case "--bug" when Bugs.All.Any(b => b.Name == value):
                    options = options with { Bug = Bugs.All.First(b => b.Name == value).Bug };
                    break;
                default:
                    fault =
                        name is "--schedules" or "--seed" or "--replay" or "--minutes"
                            ? $"{name} needs a number, not '{value}'."
                        : name == "--bug"
                            ? $"There is no bug '{value}'; there are: {string.Join(", ", Bugs.All.Select(b => b.Name))}."
                        : $"'{name}' is no option; see --help.";
                    return null;
            }

            i++;
        }

        return options;
    }
}
