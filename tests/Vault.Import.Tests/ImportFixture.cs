using System.Text;
using System.Text.Json;
using Vault.Core.Catalogue;
using Vault.Core.Packs;
using Vault.Providers.Packs;

namespace Vault.Import.Tests;

/// <summary>
/// Imports the documents of <c>Cases/import</c>, all written for these tests, into the catalogue as it is shipped.
/// </summary>
public sealed class ImportFixture : IAsyncLifetime, IDisposable
{
    public PackCatalogue Packs { get; } = new(new PackReader(), new PackOptions { Development = true });

    public async Task InitializeAsync() => Assert.Empty(await Packs.LoadAsync(default));

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => Packs.Dispose();

    public static byte[] Document(string name) =>
        File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Cases", "import", name));

    public ImportPlan Plan(
        string document,
        string provider,
        string? previous = null,
        Func<ImportRequest, ImportRequest>? change = null
    ) => Plan(Document(document), provider, previous, change);

    public ImportPlan Plan(
        byte[] document,
        string provider,
        string? previous = null,
        Func<ImportRequest, ImportRequest>? change = null
    )
    {
        var request = new ImportRequest { Provider = provider };
        var plan = new ToolImport(Packs).Plan(change?.Invoke(request) ?? request, document, previous);
        Assert.True(
            plan.IsOk,
            plan.Error?.Detail + string.Join("; ", plan.Error?.Violations.Select(v => v.Path + " " + v.Message) ?? [])
        );
        return plan.Value;
    }

    public static JsonElement Tool(ImportPlan plan, string name)
    {
        var set = JsonDocument.Parse(plan.Set).RootElement;
        return set.GetProperty("tools").EnumerateArray().Single(t => t.GetProperty("name").GetString() == name);
    }

    /// <summary>
    /// The tools as a host would load them: with the pack they belong to, judged by the one reader of packs.
    /// </summary>
    public static ProviderPack Load(byte[] pack, byte[] set)
    {
        var faults = new List<Core.Errors.Violation>();
        var reading = new PackReader(ToolSet.MaxBytes).Read(ToolSet.Merge(pack, set, faults)!, "merged");
        Assert.Empty(faults);
        Assert.Empty(reading.Faults);
        return reading.Pack!;
    }

    public static string Text(byte[] json) => Encoding.UTF8.GetString(json);
}
