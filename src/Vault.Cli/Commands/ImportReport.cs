using System.Text.Json;
using System.Text.Json.Serialization;
using Vault.Core.Catalogue;

namespace Vault.Cli.Commands;

/// <summary>Prints an import plan: what would be added, what is skipped and why, and how to accept it.</summary>
internal static class ImportReport
{
    private static readonly JsonSerializerOptions AsTheVault = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    public static JsonElement Of(ImportPlan plan, bool applied) =>
        JsonSerializer.SerializeToElement(ImportView.Of(plan, applied), AsTheVault);

    public static void Write(CliConsole console, JsonElement plan)
    {
        var tools = plan.GetProperty("tools").EnumerateArray().ToList();
        var skipped = plan.GetProperty("skipped").EnumerateArray().ToList();
        console.Table(
            ["tool", "effect", "change", "operation", "scopes"],
            tools
                .Where(t => t.Cell("change") != "unchanged")
                .Select(t =>
                    (string[])[t.Cell("name"), t.Cell("effect"), t.Cell("change"), t.Cell("operation"), Scopes(t)]
                )
        );
        foreach (var name in plan.GetProperty("removed").EnumerateArray())
            console.Out.WriteLine("removed: " + name.GetString());
        foreach (var group in skipped.GroupBy(s => s.Cell("reason")).OrderByDescending(g => g.Count()))
        {
            console.Out.WriteLine($"skipped, {group.Key}: {group.Count()}");
            foreach (var s in group.Take(3))
                console.Out.WriteLine($"  {s.Cell("operation")}: {s.Cell("detail")}");
            if (group.Count() > 3)
                console.Out.WriteLine($"  and {group.Count() - 3} more (--json lists all)");
        }

        foreach (var note in plan.GetProperty("notes").EnumerateArray())
            console.Out.WriteLine("note: " + note.GetString());
        int Count(string change) => tools.Count(t => t.Cell("change") == change);
        console.Out.WriteLine(
            $"{plan.Cell("title")} ({plan.Cell("format")}): {plan.Cell("operations")} operations; "
                + $"{Count("added")} added, {Count("changed")} changed, {Count("unchanged")} unchanged, "
                + $"{plan.GetProperty("removed").GetArrayLength()} removed, {skipped.Count} skipped"
        );
        if (!plan.GetProperty("applied").GetBoolean())
            console.Error.WriteLine($"nothing is stored yet; to store exactly this: --review {plan.Cell("review")}");
    }

    private static string Scopes(JsonElement tool) =>
        string.Join(
            " and ",
            tool.GetProperty("required_scopes")
                .EnumerateArray()
                .Select(g => string.Join(" or ", g.EnumerateArray().Select(s => s.GetString())))
        );
}
