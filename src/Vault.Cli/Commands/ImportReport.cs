using System.Text.Json;
using Vault.Core.Packs;

namespace Vault.Cli.Commands;

/// <summary>A plan as a person reads it: what would be added, what not and why, and how to agree.</summary>
internal static class ImportReport
{
    public static JsonElement Of(ImportPlan plan, bool applied) => JsonSerializer.SerializeToElement(new
    {
        applied, format = plan.Format, title = plan.Title, operations = plan.Operations, new_provider = plan.NewPack is not null, review = plan.Digest,
        tools = plan.Tools.Select(t => new { name = t.Name, operation = t.Operation, effect = t.Effect.ToString().ToLowerInvariant(), required_scopes = t.Scopes, schema_bytes = t.SchemaBytes, change = t.Change.ToString().ToLowerInvariant() }),
        removed = plan.Removed, skipped = plan.Skipped.Select(s => new { operation = s.Operation, reason = s.Reason, detail = s.Detail }),
        skipped_by_reason = plan.Skipped.GroupBy(s => s.Reason).ToDictionary(g => g.Key, g => g.Count()), notes = plan.Notes,
    });

    public static void Write(CliConsole console, JsonElement plan)
    {
        var tools = plan.GetProperty("tools").EnumerateArray().ToList();
        var skipped = plan.GetProperty("skipped").EnumerateArray().ToList();
        console.Table(["tool", "effect", "change", "operation", "scopes"], tools.Where(t => t.Cell("change") != "unchanged").Select(t => (string[])[t.Cell("name"), t.Cell("effect"), t.Cell("change"), t.Cell("operation"), Scopes(t)]));
        foreach (var name in plan.GetProperty("removed").EnumerateArray()) console.Out.WriteLine("removed: " + name.GetString());
        foreach (var group in skipped.GroupBy(s => s.Cell("reason")).OrderByDescending(g => g.Count()))
        {
            console.Out.WriteLine($"skipped, {group.Key}: {group.Count()}");
            foreach (var s in group.Take(3)) console.Out.WriteLine($"  {s.Cell("operation")}: {s.Cell("detail")}");
            if (group.Count() > 3) console.Out.WriteLine($"  and {group.Count() - 3} more (--json lists all)");
        }

        foreach (var note in plan.GetProperty("notes").EnumerateArray()) console.Out.WriteLine("note: " + note.GetString());
        int Count(string change) => tools.Count(t => t.Cell("change") == change);
        console.Out.WriteLine($"{plan.Cell("title")} ({plan.Cell("format")}): {plan.Cell("operations")} operations; {Count("added")} added, {Count("changed")} changed, {Count("unchanged")} unchanged, {plan.GetProperty("removed").GetArrayLength()} removed, {skipped.Count} skipped");
        if (!plan.GetProperty("applied").GetBoolean()) console.Error.WriteLine($"nothing is kept yet; to keep exactly this: --review {plan.Cell("review")}");
    }

    private static string Scopes(JsonElement tool) =>
        string.Join(" and ", tool.GetProperty("required_scopes").EnumerateArray().Select(g => string.Join(" or ", g.EnumerateArray().Select(s => s.GetString()))));
}
