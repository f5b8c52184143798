using System.Runtime.InteropServices;
using Vault.Benchmarks;
using Vault.Benchmarks.Targets;

// The measured stand-ins run from this program too, each in a process of its own; the bench starts them and passes
// their settings as variables.
switch (args)
{
    case ["serve-floor"]:
        return await FloorProxy.RunAsync(ServeSettings.FromEnvironment());
    case ["serve-homegrown"]:
        return await HomegrownApp.RunAsync(ServeSettings.FromEnvironment(), audit: false);
    case ["serve-homegrown-audit"]:
        return await HomegrownApp.RunAsync(ServeSettings.FromEnvironment(), audit: true);
    case ["--micro", .. var names]:
        Vault.Benchmarks.Micro.MicroRun.Run(names);
        return 0;
    case ["--catalogue", .. var size]
        when size.Length == 0
            || (size.Length == 1 && int.TryParse(size[0], out var tools) && tools is > 0 and <= 1_000_000):
        Vault.Benchmarks.Micro.CatalogueRun.Run(
            size.Length == 0 ? 20_000 : int.Parse(size[0], System.Globalization.CultureInfo.InvariantCulture)
        );
        return 0;
    case ["--help" or "-h", ..]:
        Console.Out.Write(BenchOptions.Usage);
        return 0;
}

var (options, faults) = BenchOptions.Read(args);
if (options is null)
{
    foreach (var fault in faults)
        Console.Error.WriteLine("bench: " + fault);
    Console.Error.WriteLine("--help lists the options.");
    return 2;
}

using var stop = new CancellationTokenSource();
void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Cancel();
}

using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
try
{
    return await BenchCommand.RunAsync(options, stop.Token);
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    Console.Error.WriteLine("bench: stopped; everything it started is stopped too");
    return 130;
}
catch (BenchException e)
{
    Console.Error.WriteLine("bench: " + e.Message);
    return 1;
}
