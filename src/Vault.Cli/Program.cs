using System.Collections;
using Vault.Cli;

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, e) =>
{
    e.Cancel = true;
    stop.Cancel();
};
var environment = Environment
    .GetEnvironmentVariables()
    .Cast<DictionaryEntry>()
    .ToDictionary(e => (string)e.Key, e => (string?)e.Value ?? "");
return await VaultCommand.RunAsync(
    args,
    new CliConsole(
        Console.Out,
        Console.Error,
        Console.OpenStandardInput(),
        environment,
        Console.IsOutputRedirected ? null : Console.WindowWidth
    ),
    stop.Token
);
