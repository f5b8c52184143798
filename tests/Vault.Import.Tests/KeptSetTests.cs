using System.Text.Json;
using Vault.Core.Packs;
using Vault.Core.Packs.Schema;
using Vault.Providers.Packs;

namespace Vault.Import.Tests;

/// <summary>
/// What an import keeps: a pack and a tool set that editors, the reader and the catalogue all take; and what stays when
/// it is deleted.
/// </summary>
public sealed class KeptSetTests(ImportFixture fixture) : IClassFixture<ImportFixture>
{
    private static readonly DateTimeOffset At = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void What_is_kept_fits_the_published_schema_and_the_reader()
    {
        var plan = fixture.Plan("orchard.openapi.json", "orchard");
        var removedSet = new ToolImport(fixture.Packs).MarkRemoved(ImportFixture.Text(plan.Set), "key_1", At);
        Assert.Empty(Schema().Validate(JsonDocument.Parse(plan.NewPack!).RootElement));
        Assert.Empty(Schema().Validate(JsonDocument.Parse(plan.Set).RootElement));
        Assert.Empty(Schema().Validate(JsonDocument.Parse(removedSet).RootElement));
        var pack = new PackReader().Read(plan.NewPack!, "new").Pack!;
        Assert.Equal(plan.Tools.Length, ToolSetReader.Read(plan.Set, "set", pack).Tools);
        Assert.Equal(0, ToolSetReader.Read(removedSet, "buried", pack).Tools);
    }

    [Fact]
    public void A_buried_set_is_no_set_to_the_catalogue_and_remembers_names_and_versions()
    {
        var plan = fixture.Plan("orchard.openapi.json", "orchard");
        var removedSet = ImportFixture.Text(
            new ToolImport(fixture.Packs).MarkRemoved(ImportFixture.Text(plan.Set), "key_1", At)
        );
        Assert.Equal("orchard", ToolSet.Extends(System.Text.Encoding.UTF8.GetBytes(removedSet), out var removed));
        Assert.True(removed);
        var row = StoredToolSet.Of(new StoredPack("orchard+imported", "removed", removedSet, 2, At))!;
        Assert.Equal(
            ("orchard", "imported", 0, "key_1", At),
            (row.Provider, row.Name, row.Tools.Length, row.Removed!.By, row.Removed.At)
        );

        // The same document again: the same versions, and everything is an addition.
        var again = fixture.Plan("orchard.openapi.json", "orchard", removedSet);
        Assert.Equal(plan.Tools, again.Tools, (a, b) => (a.Name, a.Change) == (b.Name, b.Change));
        Assert.Empty(again.Removed);
        Assert.Equal("1", ImportFixture.Tool(again, "orchard_list_trees").GetProperty("version").GetString());
        Assert.Equal(
            again.Digest,
            fixture.Plan("orchard.openapi.json", "orchard", ImportFixture.Text(again.Set)).Digest
        );

        // Buried twice, with nothing in between: nothing is forgotten.
        var twice = ImportFixture.Text(new ToolImport(fixture.Packs).MarkRemoved(removedSet, "key_2", At));
        var changed = ImportFixture
            .Text(ImportFixture.Document("orchard.openapi.json"))
            .Replace("\"List", "\"Lists", StringComparison.Ordinal);
        Assert.NotEqual(changed, ImportFixture.Text(ImportFixture.Document("orchard.openapi.json")));
        var other = fixture.Plan(System.Text.Encoding.UTF8.GetBytes(changed), "orchard", twice);
        Assert.Contains(other.Tools, t => ImportFixture.Tool(other, t.Name).GetProperty("version").GetString() == "2");
    }

    private static JsonSchema Schema()
    {
        using var document = JsonDocument.Parse(
            File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "packs", "pack.schema.json"))
        );
        Assert.True(JsonSchema.TryCompile(document.RootElement.Clone(), closed: false, out var schema, out _));
        return schema;
    }
}
