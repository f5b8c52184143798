using System.Text.Json;

namespace Vault.Core.Packs;

/// <summary>The change of a tool between two versions of its pack.</summary>
/// <param name="Kind">added, removed or changed.</param>
/// <param name="Breaking">A call that worked may fail now, or has a stronger effect than before.</param>
/// <param name="SameVersion">The change is breaking and the version is the same, so a caller that pins the version
/// does not notice it. Change the version.</param>
public sealed record ToolChange(
    string Name,
    string Kind,
    string? FromVersion,
    string? ToVersion,
    bool Breaking,
    bool SameVersion,
    IReadOnlyList<string> Details
);

/// <summary>Compares tools from a caller's view: input, scopes, effect, and the request's target.</summary>
public static class ToolDiff
{
    public static IReadOnlyList<ToolChange> Of(IEnumerable<ToolDefinition> before, IEnumerable<ToolDefinition> after)
    {
        var (old, next) = (
            before.ToDictionary(t => t.Name, StringComparer.Ordinal),
            after.ToDictionary(t => t.Name, StringComparer.Ordinal)
        );
        var changes = new List<ToolChange>();
        foreach (var name in old.Keys.Union(next.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            if (!next.TryGetValue(name, out var b))
                changes.Add(new ToolChange(name, "removed", old[name].Version, null, true, false, []));
            else if (!old.TryGetValue(name, out var a))
                changes.Add(new ToolChange(name, "added", null, b.Version, false, false, []));
            else if (Compare(a, b) is { Details.Count: > 0 } change)
                changes.Add(change);
        }

        return changes;
    }

    private static ToolChange Compare(ToolDefinition a, ToolDefinition b)
    {
        var details = new List<string>();
        var breaking = false;
        if (a.Effect != b.Effect)
            Note($"effect {Lower(a.Effect)} became {Lower(b.Effect)}", b.Effect > a.Effect);
        if (a.Idempotency != b.Idempotency)
            Note(
                $"idempotency {Lower(a.Idempotency)} became {Lower(b.Idempotency)}",
                b.Idempotency == Idempotency.None
            );
        var (had, has) = (
            a.Scopes.AllOf.Select(g => string.Join('|', g)).ToList(),
            b.Scopes.AllOf.Select(g => string.Join('|', g)).ToList()
        );
        // Breaking is only a new group that the minimal scopes of the old version do not meet; other groups are met by
        // every earlier grant.
        var minimum = a.Scopes.AllOf.Where(g => g.Length > 0).Select(g => g[0]).ToList();
        foreach (var group in has.Except(had))
            Note($"needs the scope {group}", !group.Split('|').Any(minimum.Contains));
        foreach (var group in had.Except(has))
            Note($"no longer needs the scope {group}", false);
        Input(a.InputSchema, b.InputSchema, "", Note);
        if (a.Request.Method != b.Request.Method || a.Request.Url.Source != b.Request.Url.Source)
            Note($"{a.Request.Method} {a.Request.Url.Source} became {b.Request.Method} {b.Request.Url.Source}", false);
        if (a.Request.Data?.Source != b.Request.Data?.Source)
            Note("reads its data from another part of the response", true);
        if (a.Deprecated is null && b.Deprecated is { } deprecation)
            Note(deprecation.Sentence, false);
        if (a.Description != b.Description)
            Note("has another description", false);
        if (details.Count == 0 && a.Version != b.Version)
            Note("has another version without a change", false);
        return new ToolChange(
            a.Name,
            "changed",
            a.Version,
            b.Version,
            breaking,
            breaking && a.Version == b.Version,
            details
        );

        void Note(string detail, bool breaks)
        {
            details.Add(detail);
            breaking |= breaks;
        }
    }

    private static void Input(JsonElement a, JsonElement b, string at, Action<string, bool> note)
    {
        var (had, has) = (Members(a), Members(b));
        var (needed, needs) = (Required(a), Required(b));
        foreach (var name in had.Keys.Except(has.Keys).Order(StringComparer.Ordinal))
            note($"input {at}{name} was removed", true);
        foreach (var name in has.Keys.Except(had.Keys).Order(StringComparer.Ordinal))
            note($"input {at}{name} is new" + (needs.Contains(name) ? " and required" : ""), needs.Contains(name));
        foreach (var name in has.Keys.Intersect(had.Keys).Order(StringComparer.Ordinal))
        {
            if (needs.Contains(name) && !needed.Contains(name))
                note($"input {at}{name} is required", true);
            if (needed.Contains(name) && !needs.Contains(name))
                note($"input {at}{name} is no longer required", false);
            var (x, y) = (had[name], has[name]);
            if (Rules(x) is var before && Rules(y) is var after && before != after)
                note($"input {at}{name}: {before} became {after}", true);
            Input(x, y, at + name + ".", note);
        }
    }

    /// <summary>
    /// The rules for a value, without its description and without its members, which are compared separately.
    /// </summary>
    private static string Rules(JsonElement schema) =>
        schema.ValueKind != JsonValueKind.Object
            ? ""
            : string.Join(
                ", ",
                schema
                    .EnumerateObject()
                    .Where(m =>
                        m.Name
                            is not ("description" or "title" or "examples" or "properties" or "required" or "default")
                    )
                    .OrderBy(m => m.Name, StringComparer.Ordinal)
                    .Select(m => $"{m.Name} {m.Value.GetRawText()}")
            );

    private static Dictionary<string, JsonElement> Members(JsonElement schema) =>
        schema.ValueKind == JsonValueKind.Object
        && schema.TryGetProperty("properties", out var properties)
        && properties.ValueKind == JsonValueKind.Object
            ? properties.EnumerateObject().ToDictionary(p => p.Name, p => p.Value, StringComparer.Ordinal)
            : [];

    private static HashSet<string> Required(JsonElement schema) =>
        schema.ValueKind == JsonValueKind.Object
        && schema.TryGetProperty("required", out var list)
        && list.ValueKind == JsonValueKind.Array
            ? [.. list.EnumerateArray().Select(e => e.ToString())]
            : [];

    private static string Lower<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();
}
