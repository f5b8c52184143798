using System.Runtime.InteropServices;
using System.Text.Json;
using Vault.Campaigns;
using Vault.Campaigns.Kill;
using Vault.Campaigns.Lab;
using Vault.Campaigns.Report;

if (args.Any(a => a is "--help" or "-h"))
{
    Console.Out.Write(CampaignOptions.Usage);
    return 0;
}

var (options, faults) = CampaignOptions.Read(args);
if (options is null)
{
    foreach (var fault in faults)
        Console.Error.WriteLine("crash: " + fault);
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
    var lab = new LabOptions
    {
        Postgres = options.Postgres,
        Hosts = options.Postgres ? 3 : 1,
        Strict = options.Strict,
        Accounts = options.Accounts,
        Logs = options.Logs,
    };
    if (options.Campaign == "long")
        return await FaultTable.RunLongAsync(options, lab, Console.Out, Console.Error, stop.Token);
    if (options.Campaign == "faults")
        return await FaultTable.RunAsync(options, lab, Console.Out, Console.Error, stop.Token);
    if (options.Campaign == "keys")
        return await KeyTable.RunAsync(options, lab, Console.Out, Console.Error, stop.Token);
    if (options.Campaign == "leaks")
        return await LeakTable.RunAsync(options, lab, Console.Out, stop.Token);
    var report = await KillCampaign.RunAsync(
        lab,
        Strike.DrawMany(options.Rounds, lab.Hosts, options.Seed),
        options.Seed,
        Console.Error,
        stop.Token
    );
    KillTable.Write(Console.Out, report);
    if (options.Json is { } file)
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(report, Indented.Json));
    return report.IsGreen ? 0 : 1;
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    Console.Error.WriteLine("crash: stopped; everything it started is stopped too");
    return 130;
}
catch (Exception e) when (e is LabException or TimeoutException)
{
    Console.Error.WriteLine("crash: " + e.Message);
    return 1;
}

/// <summary>Figures for people and programs.</summary>
internal static class Indented
{
    public static JsonSerializerOptions Json { get; } =
        new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
}
