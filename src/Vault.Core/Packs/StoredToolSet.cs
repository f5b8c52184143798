using System.Collections.Immutable;
using System.Text.Json;

namespace Vault.Core.Packs;

/// <summary>The removal of a tool set: by whom and when.</summary>
public sealed record ToolSetEnd(string By, DateTimeOffset At);

/// <summary>
/// A stored tool set, which extends its provider's pack (<c>extends</c>). A deleted set stays as a tombstone without
/// tools, so that no version number is reused.
/// </summary>
/// <param name="Id"><c>provider+set</c>.</param>
/// <param name="Source">Format and title of the document it was generated from.</param>
public sealed record StoredToolSet(
    string Id,
    string Provider,
    string Name,
    string? Source,
    ImmutableArray<string> Tools,
    DateTimeOffset UpdatedAt,
    ToolSetEnd? Removed
)
{
    /// <summary>Null when the row is a pack.</summary>
    public static StoredToolSet? Of(StoredPack row)
    {
        ArgumentNullException.ThrowIfNull(row);
        if (!row.ProviderId.Contains('+', StringComparison.Ordinal))
            return null;
        using var document = JsonDocument.Parse(row.Json, new JsonDocumentOptions { MaxDepth = 64 });
        var root = document.RootElement;
        var tools = root.GetProperty("tools")
            .EnumerateArray()
            .Select(t => t.GetProperty("name").GetString()!)
            .ToImmutableArray();
        var end = root.TryGetProperty("removed", out var removed)
            ? new ToolSetEnd(removed.GetProperty("by").GetString()!, removed.GetProperty("at").GetDateTimeOffset())
            : null;
        return new StoredToolSet(
            row.ProviderId,
            Text(root, "extends")!,
            Text(root, "set") ?? row.ProviderId.Split('+')[1],
            Text(root, "source"),
            tools,
            row.UpdatedAt,
            end
        );
    }

    private static string? Text(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
