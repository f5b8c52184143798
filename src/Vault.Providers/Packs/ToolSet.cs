using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;
using Vault.Core.Errors;

namespace Vault.Providers.Packs;

/// <summary>
/// Tools beside a pack: a file or row with <c>extends</c> adds its tools to the pack of that provider, so that a pack
/// that is replaced by a newer one keeps the tools that were imported for it. What comes out is read as one pack, by
/// the same rules.
/// </summary>
internal static class ToolSet
{
    /// <summary>A pack together with its tool sets may be larger than what a person writes.</summary>
    public const int MaxBytes = 64 * 1024 * 1024;

    public static string Id(string provider, string set) => provider + "+" + set;

    /// <summary>
    /// The provider that a document extends; null where it is a pack of its own, or no JSON, which the reader of packs
    /// then says.
    /// </summary>
    /// <param name="removed">Whether it is the tombstone of a set; the word stands before the tools.</param>
    public static string? Extends(ReadOnlySpan<byte> json, out bool removed)
    {
        string? provider = null;
        removed = false;
        try
        {
            if (json.StartsWith("\uFEFF"u8))
                json = json[3..];
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 64 });
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                return null;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (provider is not null && reader.ValueTextEquals("tools"u8))
                    break;
                var (found, gone) = (reader.ValueTextEquals("extends"u8), reader.ValueTextEquals("removed"u8));
                reader.Read();
                if (found)
                    provider = reader.TokenType == JsonTokenType.String ? reader.GetString() : "";
                removed |= gone;
                reader.Skip();
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException) { }

        return provider;
    }

    /// <summary>
    /// The pack with the tools of a set. A tool whose name the pack has already is left out and named in
    /// <paramref name="faults"/>.
    /// </summary>
    /// <returns>Null where the set cannot be read.</returns>
    public static byte[]? Merge(ReadOnlyMemory<byte> pack, ReadOnlyMemory<byte> set, List<Violation> faults)
    {
        try
        {
            using var added = JsonDocument.Parse(
                set,
                new JsonDocumentOptions { MaxDepth = 64, AllowDuplicateProperties = false }
            );
            using var given = JsonDocument.Parse(pack, new JsonDocumentOptions { MaxDepth = 64 });
            if (
                added.RootElement.TryGetProperty("format", out var format)
                && format.ValueKind == JsonValueKind.Number
                && format.GetInt32() == PackReader.Format
                && added.RootElement.TryGetProperty("tools", out var tools)
                && tools.ValueKind == JsonValueKind.Array
            )
                return Write(given.RootElement, tools, faults);
            faults.Add(new Violation("/format", $"must be {PackReader.Format}, beside a list of tools"));
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            faults.Add(new Violation("", "is not JSON, or has a name twice in an object"));
        }

        return null;
    }

    private static byte[] Write(JsonElement pack, JsonElement tools, List<Violation> faults)
    {
        var own =
            pack.TryGetProperty("tools", out var list) && list.ValueKind == JsonValueKind.Array
                ? list.EnumerateArray().ToImmutableArray()
                : [];
        var names = own.Select(Name).OfType<string>().ToHashSet(StringComparer.Ordinal);
        var buffer = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(buffer);
        writer.WriteStartObject();
        foreach (var member in pack.EnumerateObject().Where(m => m.Name is not ("tools" or "tool_prefixes")))
            member.WriteTo(writer);
        if (pack.TryGetProperty("tool_prefixes", out var prefixes) && prefixes.ValueKind == JsonValueKind.Array)
        {
            writer.WriteStartArray("tool_prefixes");
            foreach (var prefix in prefixes.EnumerateArray())
                prefix.WriteTo(writer);
            writer.WriteStringValue(pack.GetProperty("id").GetString() + "_");
            writer.WriteEndArray();
        }

        writer.WriteStartArray("tools");
        foreach (var tool in own)
            tool.WriteTo(writer);
        foreach (var (tool, i) in tools.EnumerateArray().Select((t, i) => (t, i)))
        {
            if (Name(tool) is { } name && !names.Add(name))
                faults.Add(
                    new Violation(
                        $"/tools/{i}/name",
                        $"'{name}' is a tool of the pack or of an earlier set; it is left out"
                    )
                );
            else
                tool.WriteTo(writer);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static string? Name(JsonElement tool) =>
        tool.ValueKind == JsonValueKind.Object
        && tool.TryGetProperty("name", out var name)
        && name.ValueKind == JsonValueKind.String
            ? name.GetString()
            : null;
}
