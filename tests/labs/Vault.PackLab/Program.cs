using System.Diagnostics;
using Vault.PackLab;
using Vault.Providers.Packs;

// Exit codes: 0 everything proven, 1 a behaviour failed or a pack was refused, 2 wrong usage.
if (args.Length != 1 || args[0] is "--help" or "-h")
{
    Console.Error.WriteLine(
        "usage: ./scripts/lab PACK | FILE.json | --all\nRuns a provider pack against an emulator made from it and tells what was proven, and what cannot be without the vendor."
    );
    return args.Length == 1 ? 0 : 2;
}

var folder = Path.Combine(AppContext.BaseDirectory, "packs");
var files =
    args[0] == "--all"
        ? Directory
            .GetFiles(folder, "*.json")
            .Where(f => Path.GetFileName(f) != "pack.schema.json")
            .Order(StringComparer.Ordinal)
            .ToList()
    : File.Exists(args[0]) ? [args[0]]
    : [Path.Combine(folder, args[0] + ".json")];
if (!File.Exists(files[0]))
{
    Console.Error.WriteLine($"lab: there is no pack '{args[0]}' in {folder}, and no such file");
    return 2;
}

var watch = Stopwatch.StartNew();
var failed = 0;
var table = args[0] == "--all";
if (table)
    Console.WriteLine(LabTable.Head());
foreach (var file in files)
{
    var json = await File.ReadAllBytesAsync(file);
    var reading = new PackReader().Read(json, file);
    if (reading.Pack is not { } pack)
    {
        failed++;
        foreach (var fault in reading.Faults)
            Console.WriteLine($"{file}: {fault.Path} {fault.Message}");
        continue;
    }

    var report = await LabRun.RunAsync(pack, json);
    if (report.Failed)
        failed++;
    Console.WriteLine(table ? LabTable.Row(report) : LabTable.Full(report, pack));
}

if (table)
    Console.WriteLine(
        $"\n{files.Count} packs, {failed} with a failure, {watch.Elapsed.TotalSeconds:0.0} s. + proven, . the pack has no such thing, FAIL did not hold.\nA proof is that pack and vault agree; that the vendor does what its pack says cannot be proven here."
    );
return failed == 0 ? 0 : 1;
