using System.Diagnostics;
using System.Globalization;
using System.Text;
using Vault.Benchmarks.Rig;
using Vault.Providers.Packs;

namespace Vault.Benchmarks.Micro;

/// <summary>
/// What the catalogue costs: loading the packs of the tree, and searching a catalogue made up to any size, alone and
/// beside other searches.
/// </summary>
internal static class CatalogueRun
{
    private const int ToolsPerPack = 100;
    private const int Searches = 20_000;

    private static readonly string[] Verbs =
    [
        "get",
        "list",
        "create",
        "update",
        "delete",
        "search",
        "send",
        "archive",
        "export",
        "import",
    ];

    private static readonly string[] Queries =
    [
        "send a message to a channel",
        "create invoice",
        "list",
        "get customer by email address",
        "delete calendar event",
        "search open tickets assigned to me",
        "inv",
        "cust ord shipm",
        "update the status of a deal in the pipeline and notify its owner by mail",
        "export report",
        "zzzzqqq",
        "archive project",
    ];

    public static void Run(int tools)
    {
        var folder = Path.Combine(Checkout.Root, "src", "Vault.Providers", "packs");
        Load("packs of the tree", folder, 1).Dispose();
        Load("packs of the tree, once more (compiled by now)", folder, 1).Dispose();
        var made = Directory.CreateTempSubdirectory("vault-catalogue");
        try
        {
            Write(made.FullName, tools);
            using var packs = Load($"{tools} tools made up, {ToolsPerPack} a pack", made.FullName, 0);
            Search("search, one at a time", packs, 1);
            Search($"search, on every core ({Environment.ProcessorCount})", packs, Environment.ProcessorCount);
        }
        finally
        {
            made.Delete(recursive: true);
        }
    }

    private static PackCatalogue Load(string what, string folder, int refused)
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        var watch = Stopwatch.StartNew();
        var packs = new PackCatalogue(
            new PackReader(),
            new PackOptions { BuiltInFolder = folder, Development = refused > 0 }
        );
        var refusals = packs.LoadAsync(CancellationToken.None).GetAwaiter().GetResult();
        if (refusals.Count > 0)
            throw new BenchException(
                $"{refusals[0].Source}: {refusals[0].Faults[0].Path} {refusals[0].Faults[0].Message}"
            );
        var took = watch.Elapsed;
        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        var held = GC.GetTotalMemory(forceFullCollection: true) - before;
        Console.Out.WriteLine(
            Line(
                what,
                $"{packs.All.Count} packs, {packs.All.Sum(p => p.Tools.Length)} tools: {took.TotalMilliseconds:0} ms, {held / 1048576.0:0.0} MB kept, {allocated / 1048576.0:0.0} MB allocated on the way"
            )
        );
        return packs;
    }

    private static void Search(string what, PackCatalogue packs, int threads)
    {
        var ticks = new long[Searches];
        var next = -1;
        for (var i = 0; i < 500; i++)
            packs.Search(Queries[i % Queries.Length], null, 20);
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        var workers = Enumerable
            .Range(0, threads)
            .Select(_ => new Thread(() =>
            {
                for (int i; (i = Interlocked.Increment(ref next)) < Searches; )
                {
                    var started = Stopwatch.GetTimestamp();
                    packs.Search(Queries[i % Queries.Length], null, 20);
                    ticks[i] = Stopwatch.GetTimestamp() - started;
                }
            }))
            .ToList();
        var watch = Stopwatch.StartNew();
        workers.ForEach(w => w.Start());
        workers.ForEach(w => w.Join());
        var took = watch.Elapsed;
        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        Array.Sort(ticks);
        Console.Out.WriteLine(
            Line(
                what,
                $"p50 {At(0.5)}, p95 {At(0.95)}, p99 {At(0.99)}, worst {At(1)}; {Searches / took.TotalSeconds:0}/s, {allocated / Searches} bytes a search"
            )
        );

        string At(double share) =>
            string.Create(
                CultureInfo.InvariantCulture,
                $"{ticks[(int)((Searches - 1) * share)] * 1000.0 / Stopwatch.Frequency:0.00} ms"
            );
    }

    /// <summary>
    /// Names and descriptions as catalogues have them: few verbs that are everywhere, words of the trade with a long
    /// tail.
    /// </summary>
    private static void Write(string folder, int tools)
    {
        var random = new Random(20);
        string[] trade =
        [
            "invoice",
            "customer",
            "order",
            "ticket",
            "message",
            "channel",
            "event",
            "calendar",
            "deal",
            "pipeline",
            "contact",
            "project",
            "report",
            "shipment",
            "user",
            "file",
            "comment",
            "status",
            "mail",
            "owner",
        ];
        for (var pack = 0; pack * ToolsPerPack < tools; pack++)
        {
            var text = new StringBuilder(
                $$$"""{"format":1,"id":"made{{{pack}}}","version":"1.0.0","display_name":"Made {{{pack}}}","hosts":["api.made.example"],"auth_modes":["api_key"],"credentials":{"api_key":{"api_key":{"label":"Key"} } },"refresh":{"rotation":"mints"},"api":{"base_url":"https://api.made.example","auth":[{"in":"header","name":"X-Key","value":"{api_key}","mode":"api_key"}]},"tools":["""
            );
            for (var i = 0; i < Math.Min(ToolsPerPack, tools - (pack * ToolsPerPack)); i++)
            {
                var words = string.Join(
                    ' ',
                    Enumerable
                        .Range(0, 14)
                        .Select(_ =>
                            random.Next(3) == 0
                                ? trade[random.Next(trade.Length)]
                                : $"{trade[random.Next(trade.Length)][..3]}{(int)Math.Pow(random.NextDouble() * 12, 3)}"
                        )
                );
                text.Append(i == 0 ? "" : ",")
                    .Append(
                        CultureInfo.InvariantCulture,
                        $$$"""{"name":"made{{{pack}}}_{{{Verbs[i % Verbs.Length]}}}_{{{trade[random.Next(trade.Length)]}}}_{{{i}}}","description":"{{{Verbs[i % Verbs.Length]}}} {{{words}}}","effect":"read","scopes":[],"input_schema":{"type":"object","properties":{"id":{"type":"string"}},"required":["id"]},"request":{"method":"GET","url":"/x/{id}","path":["id"]}}"""
                    );
            }

            File.WriteAllText(Path.Combine(folder, $"made{pack}.json"), text.Append("]}").ToString());
        }
    }

    private static string Line(string what, string figures) => what.PadRight(50) + figures;
}
