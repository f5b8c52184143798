using System.Globalization;

namespace Vault.Attacks.Tenants;

internal static class TenantsCommand
{
    private const string Help = """
        An attacker with every permission of its own organization names everything of another one: every operation × every place for an id, name, cursor, handle or
        link × everything that fits there, and the same with ids that nobody has. Then the ports below HTTP.

          ./scripts/tenants [--attempts N] [--store sqlite|postgres]

          --attempts N   at least how many (10000)
          --store S      sqlite (default), or postgres: a throw-away one of scripts/pg, or that of VAULT_TEST_POSTGRES

        Ends with 1 when an answer held something of the victim, told a foreign id from an unknown one, or when a row of the victim changed. Times are told, not judged.
        """;

    public static async Task<int> RunAsync(string[] arguments)
    {
        var (attempts, postgres) = (10_000, false);
        if (arguments is ["--help" or "-h", ..])
        {
            Console.WriteLine(Help);
            return 0;
        }

        for (var i = 0; i < arguments.Length; i += 2)
        {
            var value = i + 1 < arguments.Length ? arguments[i + 1] : "";
            if (
                arguments[i] == "--attempts"
                && int.TryParse(value, NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out attempts)
                && attempts > 0
            )
                continue;
            if (arguments[i] == "--store" && value is "sqlite" or "postgres")
                postgres = value == "postgres";
            else
            {
                Console.Error.WriteLine($"tenants: '{arguments[i]} {value}' is not understood; see --help.");
                return 2;
            }
        }

        var told = 0;
        var report = await TenantsRun.RunAsync(attempts, postgres, (done, elapsed) =>
        {
            if (done / 2_000 == told)
                return;
            told = done / 2_000;
            Console.Error.WriteLine($"{done} attempts in {elapsed.TotalSeconds:0} s");
        });
        Console.WriteLine(Text(report));
        return report.IsClean ? 0 : 1;
    }

    public static string Text(TenantsReport report) =>
        string.Join(
            '\n',
            [
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{report.Attempts:N0} attempts in {report.Elapsed.TotalSeconds:0} s: {report.Places} places of {report.Routes} operations, each with a foreign and an unknown value; {report.Ports} at the ports below"
                ),
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{report.Leaks.Count} answers with foreign data, {report.Differences.Count} differences that tell existence, {report.Changes.Count} changes"
                ),
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"median time: foreign {report.Medians.Foreign:0} µs, unknown {report.Medians.Nobody:0} µs; furthest apart:"
                ),
                .. report.Slowest.Select(s =>
                    string.Create(CultureInfo.InvariantCulture, $"  {s.Place}: {s.Foreign:0} and {s.Nobody:0} µs")
                ),
                .. report.Leaks,
                .. report.Differences,
                .. report.Changes,
            ]
        );
}
