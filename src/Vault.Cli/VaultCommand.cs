using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.Json;
using Vault.Cli.Commands;
using Vault.Client;

namespace Vault.Cli;

/// <summary>
/// The command line: arguments to a call, its result to text. Exit codes: 0 success, 1 failure, 2 invalid command line.
/// </summary>
public static class VaultCommand
{
    public const int Done = 0;
    public const int Failed = 1;
    public const int Usage = 2;

    public static async Task<int> RunAsync(string[] arguments, CliConsole console, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(console);
        var root = Root(console);
        var examples = Shorten(root);
        var parsed = root.Parse(arguments);
        if (AsksForHelp(arguments) && examples.TryGetValue(parsed.CommandResult.Command, out var description))
            parsed.CommandResult.Command.Description = description;
        if (parsed.Errors.Count > 0 && !AsksForHelp(arguments))
        {
            foreach (var error in parsed.Errors)
                await console.Error.WriteLineAsync("vaultctl: " + error.Message);
            await console.Error.WriteLineAsync(
                "vaultctl: " + (Path(parsed.CommandResult) + " --help shows its usage").TrimStart()
            );
            return Usage;
        }

        try
        {
            return await parsed.InvokeAsync(
                new InvocationConfiguration
                {
                    Output = console.Out,
                    Error = console.Error,
                    EnableDefaultExceptionHandler = false,
                },
                cancellationToken
            );
        }
        catch (CliException e)
        {
            await console.Error.WriteLineAsync("vaultctl: " + e.Message);
            return e.ExitCode;
        }
        catch (VaultException e)
        {
            Problems.Write(console, e, parsed.GetValue(GlobalOptions.JsonOption));
            return Failed;
        }
        catch (Exception e)
            when (e is IOException or UnauthorizedAccessException or System.ComponentModel.Win32Exception)
        {
            await console.Error.WriteLineAsync("vaultctl: " + e.Message);
            return Failed;
        }
        catch (JsonException)
        {
            await console.Error.WriteLineAsync(
                "vaultctl: the response is not JSON; check that VAULT_URL (or --url) is the URL of a vault"
            );
            return Failed;
        }
        catch (OperationCanceledException)
        {
            await console.Error.WriteLineAsync("vaultctl: stopped");
            return Failed;
        }
    }

    private static RootCommand Root(CliConsole console)
    {
        var root = new RootCommand(
            """
            The vault's command line.

            Set VAULT_URL and VAULT_KEY (or --key-file), and VAULT_ORGANIZATION with a platform key.
            Secrets are never arguments: they would be visible in the shell's history and in the list of processes.

            Examples:
              vaultctl tools search "send a message"
              vaultctl connect --user ada --connection slack
              vaultctl execute slack_send_message --user ada --input '{"channel":"C1","text":"hello"}'
              vaultctl packs new acme --base-url https://api.acme.example.com && vaultctl packs validate acme.json
              vaultctl tools import openapi.json --provider acme

            Exit codes: 0 success, 1 failure, 2 invalid command line.
            """
        );
        foreach (var option in GlobalOptions.Options)
            root.Add(option);
        root.Add(ProviderCommands.Make(console));
        root.Add(PackCommands.Make(console));
        root.Add(ToolCommands.Make(console));
        root.Add(SetupCommands.Organizations(console));
        root.Add(SetupCommands.Connections(console));
        root.Add(KeyCommands.Make(console));
        root.Add(ApprovalCommands.Make(console));
        root.Add(AccountCommands.Accounts(console));
        root.Add(AccountCommands.Connect(console));
        root.Add(ExecuteCommand.Make(console));
        root.Add(LedgerCommands.Make(console));
        root.Add(ClusterCommand.Make(console));
        root.Add(TransferCommands.Import(console));
        root.Add(TransferCommands.Export(console));
        return root;
    }

    /// <summary>Shows a command's examples only in its own help; its parent's list shows the first sentence.</summary>
    private static Dictionary<Command, string> Shorten(Command root)
    {
        var descriptions = new Dictionary<Command, string>();
        foreach (var command in root.Subcommands)
        {
            foreach (var (inner, text) in Shorten(command))
                descriptions[inner] = text;
            descriptions[command] = command.Description ?? "";
            command.Description = descriptions[command].Split("\n\n")[0];
        }

        return descriptions;
    }

    private static bool AsksForHelp(string[] arguments) =>
        arguments.Any(a => a is "--help" or "-h" or "-?" or "--version");

    private static string Path(CommandResult? command)
    {
        var words = new List<string>();
        for (SymbolResult? at = command; at is CommandResult result; at = result.Parent)
            words.Insert(0, at.Parent is null ? "vaultctl" : result.Command.Name);
        return string.Join(' ', words);
    }
}
