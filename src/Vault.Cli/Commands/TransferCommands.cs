using System.CommandLine;
using Vault.Cli.Transfer;

namespace Vault.Cli.Commands;

/// <summary>
/// Imports accounts from the formats of Nango and Composio, and exports to them. Without <c>--apply</c> it only shows
/// what it would do.
/// </summary>
internal static class TransferCommands
{
    private static Argument<string> Shape() =>
        new Argument<string>("shape") { Description = "nango or composio." }.AcceptOnlyFromAmong("nango", "composio");

    public static Command Import(CliConsole console)
    {
        var shape = Shape();
        var file = new Argument<string>("file")
        {
            Description =
                "Connections with their credentials as that product's API returns them: one object, a list, "
                + "{\"connections\": […]} or {\"items\": […]}, or one object per line; - for standard input.",
        };
        var map = new Option<string[]>("--map")
        {
            Description = "THEIRS=OURS: the name in that product and the vault's connection; default: the same name.",
            AllowMultipleArgumentsPerToken = true,
        };
        var apply = new Option<bool>("--apply")
        {
            Description = "Import them; without it, only show what would be done.",
        };
        var validate = new Option<bool>("--validate")
        {
            Description = "Verify each credential with its provider before it is stored.",
        };
        var replace = new Option<bool>("--replace")
        {
            Description =
                "Replace the credential of accounts that are already active; by default they are left unchanged.",
        };
        var command = new Command(
            "import",
            "Import accounts from another product. Credentials are read from a file or standard input and never "
                + "shown.\n\nExamples:\n  vaultctl import nango connections.json --map slack-prod=slack\n  "
                + "vaultctl import composio - --apply < accounts.json"
        )
        {
            shape,
            file,
            map,
            apply,
            validate,
            replace,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var names = SetupCommands.Pairs(parsed.GetValue(map) ?? []);
                var accounts = ForeignAccounts.Read(
                    parsed.GetRequiredValue(shape),
                    await Inputs.TextAsync(console, parsed.GetRequiredValue(file), cancellationToken),
                    names
                );
                return await AccountImport.RunAsync(
                    console,
                    parsed,
                    accounts,
                    parsed.GetValue(apply),
                    parsed.GetValue(validate),
                    parsed.GetValue(replace),
                    cancellationToken
                );
            }
        );
        return command;
    }

    public static Command Export(CliConsole console)
    {
        var shape = Shape();
        var to = new Option<string?>("--to") { Description = "The file to write.", HelpName = "FILE" };
        var apply = new Option<bool>("--apply")
        {
            Description = "Write it; without it, only show what would be written.",
        };
        var command = new Command(
            "export",
            "Export the organization's accounts in another product's format. Credentials never leave the vault: "
                + "users reconnect their accounts there.\n\nExample:\n  vaultctl export nango --to "
                + "connections.json --apply"
        )
        {
            shape,
            to,
            apply,
        };
        command.SetAction(
            (parsed, cancellationToken) =>
                AccountExport.RunAsync(
                    console,
                    parsed,
                    parsed.GetRequiredValue(shape),
                    parsed.GetValue(to),
                    parsed.GetValue(apply),
                    cancellationToken
                )
        );
        return command;
    }
}
