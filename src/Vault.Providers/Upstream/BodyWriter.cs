using System.Buffers;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Vault.Core.Packs;
using Vault.Core.Templates;
using Vault.Providers.Egress;
using Vault.Providers.OAuth;

namespace Vault.Providers.Upstream;

/// <summary>
/// Writes a request body in the pack's format. The body is complete before sending begins, so a fault in the input
/// never leaves a partial request.
/// </summary>
internal static class BodyWriter
{
    /// <param name="extra">A page token or an idempotency key for the body.</param>
    public static TrackedContent Write(
        BodyShape shape,
        JsonElement input,
        IReadOnlyList<(string Name, string Value)> extra
    )
    {
        var fields = Fields(shape, input, extra).ToList();
        // The pack's value of a name wins, as in JSON: if the name were sent twice, the provider would choose.
        if (shape.Format is BodyFormat.Form or BodyFormat.Multipart)
            fields = [.. fields.GroupBy(f => f.At.Segments[^1], StringComparer.Ordinal).Select(g => g.Last())];
        switch (shape.Format)
        {
            case BodyFormat.Form:
                var form = new FormBody();
                foreach (var (at, value, _) in fields)
                    Flatten(form, at.Segments[^1], value);
                return Content(form.Take(), shape.MediaType ?? "application/x-www-form-urlencoded");
            case BodyFormat.Multipart:
                return Multipart(shape, input, fields);
            case BodyFormat.Raw:
                var source = shape.Fields[0].Source;
                var raw = fields.Count == 0 ? default : fields[0].Value;
                var bytes =
                    raw.ValueKind == JsonValueKind.Undefined ? []
                    : source.Form == FieldForm.Base64Bytes
                        ? InputValues.Base64(raw, source.From ?? "body_base64", out _)
                    : Encoding.UTF8.GetBytes(
                        raw.ValueKind == JsonValueKind.String ? raw.GetString()! : raw.GetRawText()
                    );
                return Content(bytes, shape.MediaType!);
            default:
                return Content(Json(fields), shape.MediaType ?? "application/json");
        }
    }

    private static IEnumerable<(ValuePath At, JsonElement Value, string? Media)> Fields(
        BodyShape shape,
        JsonElement input,
        IReadOnlyList<(string Name, string Value)> extra
    )
    {
        if (
            shape.Spread is not null
            && input.TryGetProperty(shape.Spread, out var spread)
            && spread.ValueKind == JsonValueKind.Object
        )
        {
            foreach (var member in spread.EnumerateObject())
            {
                if (
                    ValuePath.TryParse(
                        "/"
                            + member
                                .Name.Replace("~", "~0", StringComparison.Ordinal)
                                .Replace("/", "~1", StringComparison.Ordinal),
                        out var at
                    )
                )
                    yield return (at, member.Value, null);
                else
                    throw new InputFaultException("input_not_a_member_name:" + shape.Spread);
            }
        }

        foreach (var field in shape.Fields)
        {
            if (InputValues.Take(field.Source, input) is { } value)
                yield return (field.At, value, field.Source.MediaType);
        }

        foreach (var (name, value) in extra)
        {
            if (ValuePath.TryParse(name, out var at))
                yield return (at, JsonSerializer.SerializeToElement(value), null);
        }
    }

    private static byte[] Json(List<(ValuePath At, JsonElement Value, string? Media)> fields)
    {
        var root = new Dictionary<string, object>(StringComparer.Ordinal);
        foreach (var (at, value, _) in fields)
        {
            var node = root;
            foreach (var segment in at.Segments[..^1])
            {
                if (!node.TryGetValue(segment, out var child) || child is not Dictionary<string, object> inner)
                    node[segment] = inner = new Dictionary<string, object>(StringComparer.Ordinal);
                node = inner;
            }

            node[at.Segments[^1]] = value;
        }

        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
            WriteNode(writer, root);
        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteNode(Utf8JsonWriter writer, Dictionary<string, object> node)
    {
        writer.WriteStartObject();
        foreach (var (name, value) in node)
        {
            writer.WritePropertyName(name);
            if (value is Dictionary<string, object> inner)
                WriteNode(writer, inner);
            else
                ((JsonElement)value).WriteTo(writer);
        }

        writer.WriteEndObject();
    }

    /// <summary>
    /// Arrays of scalars repeat the name; members of objects use brackets, as Stripe and most form APIs expect.
    /// </summary>
    private static void Flatten(FormBody form, string name, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var member in value.EnumerateObject())
                    Flatten(form, $"{name}[{member.Name}]", member.Value);
                break;
            case JsonValueKind.Array:
                var index = 0;
                foreach (var item in value.EnumerateArray())
                {
                    Flatten(
                        form,
                        item.ValueKind is JsonValueKind.Object or JsonValueKind.Array ? $"{name}[{index}]" : name,
                        item
                    );
                    index++;
                }

                break;
            default:
                if (InputValues.Scalar(value) is { } text)
                    form.Add(name, text);
                break;
        }
    }

    private static TrackedContent Multipart(
        BodyShape shape,
        JsonElement input,
        List<(ValuePath At, JsonElement Value, string? Media)> fields
    )
    {
        var parts = new MultipartBody();
        foreach (var (at, value, fieldMedia) in fields)
        {
            foreach (var item in value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().ToArray() : [value])
            {
                if (
                    (InputValues.Scalar(item) ?? (item.ValueKind == JsonValueKind.Object ? item.GetRawText() : null)) is
                    { } text
                )
                    parts.Field(PartName(at.Segments[^1], shape), text, fieldMedia);
            }
        }

        if (
            shape.File is { } file
            && input.TryGetProperty(file.Content, out var content)
            && content.ValueKind != JsonValueKind.Null
        )
        {
            string? declared = null;
            var bytes = file.IsBase64
                ? InputValues.Base64(content, file.Content, out declared)
                : Encoding.UTF8.GetBytes(content.GetString() ?? "");
            var media =
                file.MediaType is not null && input.TryGetProperty(file.MediaType, out var m) ? m.GetString() : null;
            media ??= declared ?? "application/octet-stream";
            if (
                !MediaTypeHeaderValue.TryParse(media, out var parsed) || parsed.ToString().Any(c => c is < ' ' or > '~')
            )
                throw new InputFaultException("input_not_a_media_type:" + (file.MediaType ?? file.Content));
            var name = input.TryGetProperty(file.FileName, out var n) ? n.GetString() ?? "file" : "file";
            if (name.Any(char.IsControl))
                throw new InputFaultException("input_not_a_file_name:" + file.FileName);
            parts.File(file.Part, name, parsed.ToString(), bytes);
        }

        return parts.Take();
    }

    // Parsers differ in what a backslash before the closing quotation mark means; what follows a member's name is the
    // file's name. A pack's own names are checked like the caller's; only those of a spread input come from the caller.
    private static string PartName(string name, BodyShape shape) =>
        name.Length == 0 || name.Any(c => char.IsControl(c) || c == '\\')
            ? throw new InputFaultException("input_not_a_member_name:" + shape.Spread)
            : name;

    private static TrackedContent Content(byte[] bytes, string mediaType)
    {
        var content = new TrackedContent(bytes);
        content.Headers.TryAddWithoutValidation("Content-Type", mediaType);
        return content;
    }
}
