using System.Collections;
using System.Runtime.InteropServices;
using Vault.Host;
using Vault.Host.Commands;
using Vault.Host.Options;

if (args is ["--help" or "-h" or "help", ..])
{
    HelpText.Write(Console.Out);
    return 0;
}

if (args is ["--version"])
{
    Console.Out.WriteLine(VaultHost.Version);
    return 0;
}

var environment = Environment
    .GetEnvironmentVariables()
    .Cast<DictionaryEntry>()
    .Select(e => new KeyValuePair<string, string>((string)e.Key, (string?)e.Value ?? ""));
var (command, rest) = HostCommand.Split(args);
var (options, faults) = VaultOptions.Read(rest, environment);
if (options is null)
{
    Console.Error.WriteLine(
        faults.Count == 1 ? "vault-host: an option is invalid:" : $"vault-host: {faults.Count} options are invalid:"
    );
    foreach (var fault in faults)
        Console.Error.WriteLine("  " + fault);
    Console.Error.WriteLine("--help lists the options.");
    return 2;
}

try
{
    if (command is not null)
        return await HostCommand.RunAsync(command, options, Console.Out, CancellationToken.None);
    using var stop = new CancellationTokenSource();
    using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, c =>
    {
        c.Cancel = true;
        stop.Cancel();
    });
    using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, c =>
    {
        c.Cancel = true;
        stop.Cancel();
    });
    await using var host = await VaultHost.CreateAsync(options, null, stop.Token);
    using (var first = await host.StartAsync(stop.Token))
    {
        var file = first is null ? null : AdminKeyFile.Write(options.AdminKeyFile, first);
        StartupBanner.Write(Console.Error, options, host.Url, file);
    }

    try
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, stop.Token);
    }
    catch (OperationCanceledException)
    {
        Console.Error.WriteLine("vault-host: stopping; running executions and refreshes finish first");
    }

    using var shutdownTimeout = new CancellationTokenSource(options.ShutdownTimeout);
    await host.StopAsync(shutdownTimeout.Token);
    return 0;
}
catch (StartException e)
{
    Console.Error.WriteLine("vault-host: " + e.Message);
    return 1;
}
