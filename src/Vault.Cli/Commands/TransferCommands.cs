using System.CommandLine;
using Vault.Cli.Transfer;

namespace Vault.Cli.Commands;

/// <summary>
/// Moves accounts in from Nango's and Composio's shapes, and out into them. Nothing is done without <c>--apply</c>.
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
                "Connections with their credentials as that product's API gives them: one object, a list, {\"connections\": […]} or {\"items\": […]}, or one object per line; - for standard input.",
        };
        var map = new Option<string[]>("--map")
        {
            Description = "theirs=ours: the name there and the vault's connection; by default the same name.",
            AllowMultipleArgumentsPerToken = true,
        };
        var apply = new Option<bool>("--apply") { Description = "Do it; without it, only show what would be done." };
        var validate = new Option<bool>("--validate")
        {
            Description = "Ask each provider whether the credential works before it is kept.",
        };
        var replace = new Option<bool>("--replace")
        {
            Description =
                "Put their credential in the place of one that works here; without it, such an account is left as it is.",
        };
        var command = new Command(
            "import",
            "Bring accounts over from another product. Credentials come from a file or standard input and are shown nowhere.\n\nExamples:\n  vaultctl import nango connections.json --map slack-prod=slack\n  vaultctl import composio - --apply < accounts.json"
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
            "Write the organization's accounts in another product's shape. Credentials never leave the vault: the accounts connect anew there.\n\nExample:\n  vaultctl export nango --to connections.json --apply"
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
