using System.Collections;
using System.Runtime.InteropServices;
using Vault.Core.Sealing;
using Vault.Host.Commands;
using Vault.Host.Setup;
using Vault.Silo;
using Vault.Silo.Setup;

if (args is ["--help" or "-h" or "help", ..])
{
    Console.Out.WriteLine("vault-silo: a host of Vault.Orleans that shares its accounts with the other silos of its cluster");
    Console.Out.WriteLine();
    Console.Out.WriteLine("Options, each also as a variable (--listen is VAULT_LISTEN); the command line wins:");
    foreach (var option in SiloSettings.All) Console.Out.WriteLine($"  {option.Flag,-30}{option.Help}{(option.Default.Length > 0 ? $" [{option.Default}]" : "")}");
    return 0;
}

var environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(e => new KeyValuePair<string, string>((string)e.Key, (string?)e.Value ?? ""));
var (options, faults) = SiloSettings.Read(args, environment);
if (options is null)
{
    Console.Error.WriteLine(faults.Count == 1 ? "vault-silo: an option is wrong:" : $"vault-silo: {faults.Count} options are wrong:");
    foreach (var fault in faults) Console.Error.WriteLine("  " + fault);
    Console.Error.WriteLine("--help lists the options.");
    return 2;
}

try
{
    using var stop = new CancellationTokenSource();
    using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, c => { c.Cancel = true; stop.Cancel(); });
    using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, c => { c.Cancel = true; stop.Cancel(); });
    await using var host = await SiloHost.CreateAsync(options, null, stop.Token);
    using (var first = await host.StartAsync(stop.Token)) Greeting.Write(Console.Error, options.Vault, host.Url, first);
    Console.Error.WriteLine($"Silo {options.Address}:{options.Port} of cluster '{options.Cluster}' ({options.Role.ToString().ToLowerInvariant()}, {(options.Tls ? "mutual TLS" : "no TLS")})");
    try
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, stop.Token);
    }
    catch (OperationCanceledException)
    {
        Console.Error.WriteLine("vault-silo: leaving the cluster; executions and refreshes under way are finished first");
    }

    using var patience = new CancellationTokenSource(options.Vault.ShutdownTimeout);
    await host.StopAsync(patience.Token);
    return 0;
}
catch (StartException e)
{
    Console.Error.WriteLine("vault-silo: " + e.Message);
    return 1;
}
