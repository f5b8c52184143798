using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Vault.Import;

/// <summary>
/// An existing tool set: the name and version of each operation. A new import keeps both, also for tools that were
/// missing in between.
/// </summary>
internal sealed class PreviousSet
{
    private readonly FrozenDictionary<string, Known> _tools;

    private PreviousSet(FrozenDictionary<string, string> names, FrozenDictionary<string, Known> tools) =>
        (Names, _tools) = (names, tools);

    public static PreviousSet None { get; } =
        new(FrozenDictionary<string, string>.Empty, FrozenDictionary<string, Known>.Empty);

    /// <summary>Tool names by operation.</summary>
    public FrozenDictionary<string, string> Names { get; }

    public ImmutableArray<string> ToolNames => [.. _tools.Where(t => t.Value.Exists).Select(t => t.Key)];

    public static PreviousSet Read(string? json)
    {
        if (json is null)
            return None;
        using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 64 });
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        if (
            document.RootElement.TryGetProperty("operations", out var operations)
            && operations.ValueKind == JsonValueKind.Object
        )
        {
            foreach (var operation in operations.EnumerateObject())
                names[operation.Name] = operation.Value.GetString() ?? "";
        }

        var tools = new Dictionary<string, Known>(StringComparer.Ordinal);
        if (document.RootElement.TryGetProperty("gone", out var removed) && removed.ValueKind == JsonValueKind.Object)
        {
            foreach (var tool in removed.EnumerateObject())
                tools[tool.Name] = new Known(
                    tool.Value.GetProperty("version").GetString()!,
                    tool.Value.GetProperty("digest").GetString()!,
                    false
                );
        }

        foreach (var tool in document.RootElement.GetProperty("tools").EnumerateArray())
            tools[tool.GetProperty("name").GetString()!] = new Known(
                tool.GetProperty("version").GetString()!,
                Digest(tool),
                true
            );
        return new PreviousSet(
            names.ToFrozenDictionary(StringComparer.Ordinal),
            tools.ToFrozenDictionary(StringComparer.Ordinal)
        );
    }

    /// <summary>The previous version, whether the tool is otherwise unchanged, and whether it exists now.</summary>
    public (string? Version, bool Same, bool Exists) Compare(string name, JsonElement tool) =>
        _tools.TryGetValue(name, out var before)
            ? (before.Version, before.Digest == Digest(tool), before.Exists)
            : (null, false, false);

    /// <summary>Writes what the set remembers of removed tools.</summary>
    /// <param name="stays">Whether the new set has a tool with this name.</param>
    public void WriteRemoved(Utf8JsonWriter writer, Func<string, bool> stays)
    {
        var removed = _tools.Where(t => !stays(t.Key)).OrderBy(t => t.Key, StringComparer.Ordinal).ToList();
        if (removed.Count == 0)
            return;
        writer.WriteStartObject("gone");
        foreach (var (name, known) in removed)
        {
            writer.WriteStartObject(name);
            writer.WriteString("version", known.Version);
            writer.WriteString("digest", known.Digest);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    /// <summary>Digest of a tool without its version, with sorted members.</summary>
    private static string Digest(JsonElement tool) =>
        Convert.ToHexStringLower(
            SHA256.HashData(
                Encoding.UTF8.GetBytes(
                    string.Join(
                        '\n',
                        tool.EnumerateObject()
                            .Where(m => m.Name != "version")
                            .OrderBy(m => m.Name, StringComparer.Ordinal)
                            .Select(m => m.Name + JsonSerializer.Serialize(m.Value))
                    )
                )
            )
        );

    private sealed record Known(string Version, string Digest, bool Exists);
}
