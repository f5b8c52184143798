using System.CommandLine;
using System.Text.Json;

namespace Vault.Cli.Commands;

internal static class ClusterCommand
{
    public static Command Make(CliConsole console)
    {
        var command = new Command(
            "cluster",
            "List the hosts of the vault: address, start time and current work. Requires a platform "
                + "administrator's key.\n\nExamples:\n  vaultctl cluster\n  vaultctl cluster --json"
        );
        command.SetAction((parsed, stop) => ShowAsync(console, parsed, stop));
        return command;
    }

    private static async Task<int> ShowAsync(
        CliConsole console,
        ParseResult parsed,
        CancellationToken cancellationToken
    )
    {
        using var vault = console.Client(parsed);
        var cluster = await vault.CallAsync(HttpMethod.Get, "/v1/cluster", null, cancellationToken);
        if (parsed.WantsJson())
        {
            console.Json(cluster);
            return VaultCommand.Done;
        }

        console.Table(
            ["address", "status", "role", "since", "version", "shards", "oldest sweep", "refreshes", "grains"],
            cluster
                .GetProperty("hosts")
                .EnumerateArray()
                .Select(h =>
                    (string[])
                        [
                            h.Cell("address"),
                            h.Cell("status"),
                            h.Cell("role"),
                            h.Cell("since"),
                            h.Cell("version").Split('+')[0],
                            h.Cell("shards"),
                            h.Cell("oldest_sweep_at"),
                            h.Cell("refreshes_under_way"),
                            Grains(h.GetProperty("grains")),
                        ]
                )
        );
        if (cluster.Cell("cluster") is { Length: > 0 } name)
            await console.Out.WriteLineAsync(
                $"cluster {name}: {cluster.Cell("shards")} shards, oldest sweep {cluster.Cell("oldest_sweep_at")}, "
                    + $"{cluster.Cell("reminders")} reminders"
            );
        return VaultCommand.Done;
    }

    private static string Grains(JsonElement grains) =>
        grains.ValueKind == JsonValueKind.Array
            ? string.Join(' ', grains.EnumerateArray().Select(g => $"{g.Cell("type")}={g.Cell("activations")}"))
            : "";
}
