using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;

namespace Vault.Providers.Import;

/// <summary>A tool set as it stands: which operation got which name and version, so that importing again keeps both.</summary>
internal sealed class PreviousSet
{
    private readonly FrozenDictionary<string, (string Version, string Text)> _tools;

    private PreviousSet(FrozenDictionary<string, string> names, FrozenDictionary<string, (string, string)> tools) => (Names, _tools) = (names, tools);

    public static PreviousSet None { get; } = new(FrozenDictionary<string, string>.Empty, FrozenDictionary<string, (string, string)>.Empty);

    /// <summary>By operation.</summary>
    public FrozenDictionary<string, string> Names { get; }

    public ImmutableArray<string> ToolNames => _tools.Keys;

    public static PreviousSet Read(string? json)
    {
        if (json is null) return None;
        using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 64 });
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        if (document.RootElement.TryGetProperty("operations", out var operations) && operations.ValueKind == JsonValueKind.Object)
        {
            foreach (var operation in operations.EnumerateObject()) names[operation.Name] = operation.Value.GetString() ?? "";
        }

        var tools = new Dictionary<string, (string, string)>(StringComparer.Ordinal);
        foreach (var tool in document.RootElement.GetProperty("tools").EnumerateArray())
            tools[tool.GetProperty("name").GetString()!] = (tool.GetProperty("version").GetString()!, Text(tool));
        return new PreviousSet(names.ToFrozenDictionary(StringComparer.Ordinal), tools.ToFrozenDictionary(StringComparer.Ordinal));
    }

    /// <summary>The version before, and whether anything but it differs.</summary>
    public (string? Version, bool Same) Compare(string name, JsonElement tool) => _tools.TryGetValue(name, out var before) ? (before.Version, before.Text == Text(tool)) : (null, false);

    /// <summary>A tool without its version, in the order of its names.</summary>
    private static string Text(JsonElement tool) => string.Join('\n', tool.EnumerateObject().Where(m => m.Name != "version").OrderBy(m => m.Name, StringComparer.Ordinal).Select(m => m.Name + JsonSerializer.Serialize(m.Value)));
}
