using System.CommandLine;

namespace Vault.Cli.Commands;

internal static class LedgerCommands
{
    public static Command Make(CliConsole console)
    {
        var seq = new Option<long?>("--kept-seq") { Description = "seq of a head that you stored." };
        var hash = new Option<string?>("--kept-hash") { Description = "hash of that head." };
        var verify = new Command(
            "verify",
            "Verify a chain, the organization's or without one the platform's; reports every changed, removed, inserted or moved entry. Exit code "
                + "1 if there are any."
        )
        {
            seq,
            hash,
        };
        verify.SetAction(
            async (parsed, cancellationToken) =>
            {
                var body = new Dictionary<string, object?>();
                SetupCommands.Put(body, "organization_id", console.OrganizationOf(parsed));
                if (parsed.GetValue(seq) is { } kept)
                    body["kept_seq"] = kept;
                SetupCommands.Put(body, "kept_hash", parsed.GetValue(hash));
                using var vault = console.Client(parsed);
                var report = await vault.CallAsync(HttpMethod.Post, "/v1/ledger:verify", body, cancellationToken);
                var intact = report.GetProperty("intact").GetBoolean();
                if (parsed.WantsJson())
                    console.Json(report);
                else
                {
                    var head = report.GetProperty("head");
                    await console.Out.WriteLineAsync(
                        $"{report.Cell("organization_id")}: {report.Cell("entries")} entries, head "
                            + $"{head.Cell("seq")} {head.Cell("hash")}: "
                            + $"{(intact ? "intact" : report.Cell("findings_total") + " findings")}"
                    );
                    foreach (var f in report.GetProperty("findings").EnumerateArray())
                        await console.Out.WriteLineAsync(
                            $"  {f.Cell("from_seq")} to {f.Cell("to_seq")}: {f.Cell("fault")} {f.Cell("detail")}"
                        );
                }

                return intact ? VaultCommand.Done : VaultCommand.Failed;
            }
        );
        return new Command(
            "ledger",
            "The audit ledger: of the organization, or without one of the platform.\n\nExamples:\n"
                + "  vaultctl ledger list --type api_key.created\n"
                + "  vaultctl ledger verify --kept-seq 812 --kept-hash 6f1c…"
        )
        {
            List(console),
            verify,
        };
    }

    private static Command List(CliConsole console)
    {
        var type = new Option<string?>("--type") { Description = "Only this type of event." };
        var list = new Command("list", "List the newest entries, at most 200.") { type };
        list.SetAction(
            async (parsed, cancellationToken) =>
            {
                using var vault = console.Client(parsed);
                var path = GlobalOptions.Query(
                    "/v1/ledger?page_size=200",
                    ("organization_id", console.OrganizationOf(parsed)),
                    ("type", parsed.GetValue(type))
                );
                var page = await vault.CallAsync(HttpMethod.Get, path, null, cancellationToken);
                var entries = page.GetProperty("items").EnumerateArray().ToList();
                if (parsed.WantsJson())
                    console.Json(page);
                else
                    console.Table(
                        ["seq", "time", "type", "caller", "details"],
                        entries.Select(e =>
                            e.GetProperty("entry") is { ValueKind: System.Text.Json.JsonValueKind.Object } entry
                                ? (string[])
                                    [
                                        e.Cell("seq"),
                                        e.Cell("time"),
                                        entry.Cell("type"),
                                        entry.Cell("caller"),
                                        entry.TryGetProperty("details", out var details) ? details.GetRawText() : "",
                                    ]
                                : [e.Cell("seq"), e.Cell("time"), "(erased)", "", ""]
                        )
                    );
                return VaultCommand.Done;
            }
        );
        return list;
    }
}
