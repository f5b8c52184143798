using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Vault.Import;

/// <summary>
/// Converts YAML to JSON event by event, without building a tree. Aliases are rejected: a few lines of them can expand
/// to gigabytes, and no description needs them.
/// </summary>
internal static class YamlDocument
{
    private const int MaxDepth = 128;

    /// <exception cref="YamlException">Not valid YAML, with aliases, or nested too deeply; it has the line.</exception>
    public static byte[] ToJson(ReadOnlyMemory<byte> yaml)
    {
        using var text = new StreamReader(new MemoryStream(yaml.ToArray(), writable: false), Encoding.UTF8);
        var parser = new Parser(text);
        var buffer = new ArrayBufferWriter<byte>(yaml.Length);
        using var writer = new Utf8JsonWriter(
            buffer,
            new JsonWriterOptions
            {
                SkipValidation = true,
                MaxDepth = MaxDepth + 2,
                Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            }
        );
        var open = new Stack<bool>();
        // In a mapping every second scalar is a name.
        var names = new Stack<bool>();
        while (parser.MoveNext())
        {
            var at = parser.Current!;
            var isName = names.TryPeek(out var awaits) && awaits;
            switch (at)
            {
                case AnchorAlias:
                    throw new YamlException(at.Start, at.End, "aliases are not supported");
                case Scalar scalar when isName:
                    writer.WritePropertyName(scalar.Value);
                    ExpectName(names, false);
                    break;
                case Scalar scalar:
                    Write(writer, scalar);
                    ExpectName(names, open.TryPeek(out var inMapping) && inMapping);
                    break;
                case MappingStart or SequenceStart:
                    if (isName)
                        throw new YamlException(at.Start, at.End, "a name must be a string");
                    if (open.Count >= MaxDepth)
                        throw new YamlException(at.Start, at.End, "nested too deeply");
                    open.Push(at is MappingStart);
                    names.Push(at is MappingStart);
                    if (at is MappingStart)
                        writer.WriteStartObject();
                    else
                        writer.WriteStartArray();
                    break;
                case MappingEnd or SequenceEnd:
                    if (open.Pop())
                        writer.WriteEndObject();
                    else
                        writer.WriteEndArray();
                    names.Pop();
                    ExpectName(names, open.TryPeek(out var outer) && outer);
                    break;
            }
        }

        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static void ExpectName(Stack<bool> names, bool awaits)
    {
        if (names.TryPop(out _))
            names.Push(awaits);
    }

    /// <summary>
    /// The core schema of YAML 1.2: a quoted scalar is a string, and so is an unquoted one that only looks like a date
    /// or a yes.
    /// </summary>
    private static void Write(Utf8JsonWriter writer, Scalar scalar)
    {
        var text = scalar.Value;
        if (scalar.Style != ScalarStyle.Plain)
            writer.WriteStringValue(text);
        else if (text is "" or "~" or "null" or "Null" or "NULL")
            writer.WriteNullValue();
        else if (text is "true" or "True" or "TRUE")
            writer.WriteBooleanValue(true);
        else if (text is "false" or "False" or "FALSE")
            writer.WriteBooleanValue(false);
        else if (
            long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var integer)
            && (text.Length == 1 || text.TrimStart('-', '+')[0] != '0')
        )
            writer.WriteNumberValue(integer);
        else if (
            text.Contains('.', StringComparison.Ordinal)
            && text.All(c => char.IsAsciiDigit(c) || c is '.' or '-' or '+' or 'e' or 'E')
            && decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
        )
            writer.WriteNumberValue(number);
        else
            writer.WriteStringValue(text);
    }
}
