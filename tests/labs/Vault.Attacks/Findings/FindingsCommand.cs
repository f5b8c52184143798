using System.Globalization;

namespace Vault.Attacks.Findings;

internal static class FindingsCommand
{
    private const string Help = """
        Attacks from the security reviews, each by name and by the finding it belongs to, against a host in a process of its own.

          ./scripts/attack [--store sqlite|postgres]

          --store S      sqlite (default), or postgres: a throw-away one of scripts/pg, or that of VAULT_TEST_POSTGRES

        Ends with 1 when one of them succeeded.
        """;

    public static async Task<int> RunAsync(string[] arguments)
    {
        if (arguments is ["--help" or "-h", ..])
        {
            Console.WriteLine(Help);
            return 0;
        }

        if (arguments is not ([] or ["--store", "sqlite" or "postgres"]))
        {
            Console.Error.WriteLine($"attack: '{string.Join(' ', arguments)}' is not understood; see --help.");
            return 2;
        }

        var results = await RunAsync(arguments is [_, "postgres"]);
        Console.WriteLine(Text(results));
        return results.All(r => r.Gained is null) ? 0 : 1;
    }

    public static async Task<IReadOnlyList<AttackResult>> RunAsync(bool postgres)
    {
        await using var scene = await AttackScene.StartAsync(postgres);
        var results = new List<AttackResult>();
        foreach (var attack in AttackList.Online.Concat(AttackList.Egress))
            results.Add(new AttackResult(attack, await attack.TryAsync(scene)));
        await scene.StopAsync();
        foreach (var attack in AttackList.Offline)
            results.Add(new AttackResult(attack, await attack.TryAsync(scene)));
        return results;
    }

    public static string Text(IReadOnlyList<AttackResult> results) =>
        string.Join(
            '\n',
            [
                .. results.Select(r =>
                    $"{r.Attack.Finding, -6}{r.Attack.Name, -66}{(r.Gained is null ? "refused" : "SUCCEEDED: " + r.Gained)}"
                ),
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{results.Count} attacks, {results.Count(r => r.Gained is not null)} succeeded"
                ),
            ]
        );
}
