using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;
using Vault.Core.Templates;

namespace Vault.Providers.Upstream;

/// <summary>
/// Copies a JSON value without the members that an agent never needs (self links, internal ids), to save tokens.
/// </summary>
internal static class JsonDrop
{
    /// <param name="paths">Paths of members; <c>*</c> stands for every element of a list and every member of an
    /// object.</param>
    public static byte[] Write(JsonElement value, ImmutableArray<ValuePath> paths)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (
            var writer = new Utf8JsonWriter(
                buffer,
                new JsonWriterOptions
                {
                    Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
                }
            )
        )
        {
            Write(writer, value, paths.Select(p => p.Segments).ToList(), 0);
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void Write(Utf8JsonWriter writer, JsonElement value, List<ImmutableArray<string>> paths, int depth)
    {
        if (paths.Count == 0)
        {
            value.WriteTo(writer);
            return;
        }

        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var member in value.EnumerateObject())
                {
                    var deeper = paths
                        .Where(p => p.Length > depth && (p[depth] == member.Name || p[depth] == "*"))
                        .ToList();
                    if (deeper.Any(p => p.Length == depth + 1))
                        continue;
                    writer.WritePropertyName(member.Name);
                    Write(writer, member.Value, deeper, depth + 1);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                // Only members inside an element are dropped, never the element: a list keeps its length.
                var within = paths.Where(p => p.Length > depth + 1 && p[depth] == "*").ToList();
                foreach (var element in value.EnumerateArray())
                    Write(writer, element, within, depth + 1);
                writer.WriteEndArray();
                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }
}
