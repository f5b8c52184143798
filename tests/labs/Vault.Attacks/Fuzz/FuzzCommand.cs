using System.Globalization;

namespace Vault.Attacks.Fuzz;

internal static class FuzzCommand
{
    private const string Help = """
        Fires malformed requests, made from the OpenAPI document, at a running host of its own (with a sandbox provider), as administrator, tenant, stranger and nobody.

          ./scripts/fuzz [--requests N] [--seed S] [--store sqlite|postgres]

          --requests N   how many (20000)
          --seed S       the same seed makes the same requests (1)
          --store S      sqlite (default), or postgres: a throw-away one of scripts/pg, or that of VAULT_TEST_POSTGRES

        At the end slow senders come: headers, bodies and chunks that trickle in, beside requests of somebody who is in no way slow.

        Ends with 1 when an answer was 500, was not as the document says, or when rejected requests changed a table; with 2 for wrong arguments.
        """;

    public static async Task<int> RunAsync(string[] arguments)
    {
        int requests = 20_000,
            seed = 1;
        var postgres = false;
        for (var i = 0; i < arguments.Length; i++)
        {
            if (arguments[i] is "--help" or "-h")
            {
                Console.WriteLine(Help);
                return 0;
            }

            var value = i + 1 < arguments.Length ? arguments[i + 1] : "";
            if (
                arguments[i] == "--requests"
                && int.TryParse(value, NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out var n)
                && n > 0
            )
                (requests, i) = (n, i + 1);
            else if (arguments[i] == "--seed" && int.TryParse(value, CultureInfo.InvariantCulture, out var s))
                (seed, i) = (s, i + 1);
            else if (arguments[i] == "--store" && value is "sqlite" or "postgres")
                (postgres, i) = (value == "postgres", i + 1);
            else
            {
                Console.Error.WriteLine($"fuzz: '{arguments[i]} {value}' is not understood; see --help.");
                return 2;
            }
        }

        var told = 0;
        var report = await FuzzRun.RunAsync(requests, seed, postgres, (done, elapsed) =>
        {
            if (done / 5_000 == told)
                return;
            told = done / 5_000;
            Console.Error.WriteLine($"{done} requests in {elapsed.TotalSeconds:0} s");
        });
        Console.WriteLine(Text(report));
        var slow = await SlowSenders.RunAsync(postgres);
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{slow.Cut} of {slow.Senders} slow senders sent away, the last after {slow.Longest.TotalSeconds:0.0} s; {slow.Quick:N0} requests of others meanwhile, the slowest in {slow.Slowest.TotalMilliseconds:0} ms"
            )
        );
        foreach (var fault in slow.Faults)
            Console.WriteLine(fault);
        return report.IsClean && slow.Faults.Count == 0 ? 0 : 1;
    }

    public static string Text(FuzzReport report) =>
        string.Join(
            '\n',
            [
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{report.Requests:N0} requests in {report.Elapsed.TotalSeconds:0} s over {report.Routes} operations ({report.RoutesReached} of them also answered with success)"
                ),
                "answers: "
                    + string.Join(
                        ", ",
                        report.Statuses.Select(s =>
                            string.Create(CultureInfo.InvariantCulture, $"{s.Key} × {s.Value:N0}")
                        )
                    ),
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{report.Rejected:N0} rejected; {report.Compared:N0} of them in rounds that rejected every write: {report.Tables} tables compared before and after"
                ),
                .. report.Unread > 0
                    ?
                    [
                        $"{report.Unread} answer schemas are beyond the checker; those answers are held to status and kind only",
                    ]
                    : Array.Empty<string>(),
                $"{report.Faults.Count} kinds of fault",
                .. report.Faults,
                .. report.Errors.Take(5).Select(e => "logged: " + e),
            ]
        );
}
