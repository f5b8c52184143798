using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Vault.Core.Packs;
using Vault.Core.Templates;

namespace Vault.Providers.Upstream;

/// <summary>Converts values of a tool's input to the form that a provider expects.</summary>
internal static class InputValues
{
    /// <summary>The converted value of a source; null if the input lacks it and there is no default.</summary>
    public static JsonElement? Take(FieldSource source, JsonElement input)
    {
        if (source.Value is { } constant)
            return constant;
        var value =
            source.From == "*" ? input
            : input.ValueKind == JsonValueKind.Object && input.TryGetProperty(source.From!, out var given) ? given
            : source.Default ?? default;
        if (value.ValueKind == JsonValueKind.Undefined)
            return null;
        return source.Form switch
        {
            FieldForm.Comma => Text(Join(value, ",")),
            FieldForm.Space => Text(Join(value, " ")),
            FieldForm.Pipe => Text(Join(value, "|")),
            // Serialized again: the serializer escapes non-ASCII characters, so the text is valid in a header too.
            FieldForm.Json => Text(JsonSerializer.Serialize(value)),
            FieldForm.Base64Url => Text(
                Base64Url.EncodeToString(Encoding.UTF8.GetBytes(Scalar(value) ?? value.GetRawText()))
            ),
            FieldForm.MailMessage => Text(MailMessage.Encode(value)),
            _ => value,
        };
    }

    /// <summary>A value as a string for a path, header or query; null for null and for anything but a scalar.</summary>
    public static string? Scalar(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.String => value.GetString(),
            JsonValueKind.True => "true",
            JsonValueKind.False => "false",
            JsonValueKind.Number => value.TryGetInt64(out var integer)
                ? integer.ToString(CultureInfo.InvariantCulture)
                : value.GetRawText(),
            _ => null,
        };

    /// <param name="value">The input.</param>
    /// <param name="input">Its name.</param>
    /// <param name="mediaType">The type that a data URL names.</param>
    public static byte[] Base64(JsonElement value, string input, out string? mediaType) =>
        value.ValueKind == JsonValueKind.String
        && Base64Text.TryDecode(value.GetString()!, out var bytes, out mediaType)
            ? bytes
            : throw new InputFaultException("input_not_base64:" + input);

    private static string Join(JsonElement value, string separator) =>
        value.ValueKind == JsonValueKind.Array
            ? string.Join(separator, value.EnumerateArray().Select(v => Scalar(v) ?? v.GetRawText()))
            : Scalar(value) ?? value.GetRawText();

    private static JsonElement Text(string text) => JsonSerializer.SerializeToElement(text);
}
