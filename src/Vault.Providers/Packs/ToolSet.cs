using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;
using Vault.Core.Errors;

namespace Vault.Providers.Packs;

/// <summary>
/// A document with <c>extends</c> adds its tools to the pack of that provider, so the imported tools remain when the
/// pack is replaced by a newer one. The merged pack is read by the same rules as any pack.
/// </summary>
internal static class ToolSet
{
    /// <summary>Maximum size of a pack with its tool sets; larger than for a hand-written pack.</summary>
    public const int MaxBytes = 64 * 1024 * 1024;

    public static string Id(string provider, string set) => provider + "+" + set;

    /// <summary>
    /// The provider that a document extends; null for a pack, and for invalid JSON, which the pack reader reports.
    /// </summary>
    /// <param name="removed">Whether it is the tombstone of a set; the member comes before the tools.</param>
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
    /// The pack with the tools of a set. A tool with an existing name is left out and reported in
    /// <paramref name="faults"/>.
    /// </summary>
    /// <returns>Null if the set cannot be read.</returns>
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
            faults.Add(new Violation("/format", $"must be {PackReader.Format}, and tools must be a list"));
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            faults.Add(new Violation("", "is not JSON, or an object repeats a name"));
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
