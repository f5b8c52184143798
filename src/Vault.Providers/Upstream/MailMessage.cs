using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace Vault.Providers.Upstream;

/// <summary>
/// Builds an RFC 5322 message from <c>to</c>, <c>cc</c>, <c>bcc</c>, <c>subject</c>, <c>text</c>, <c>html</c>,
/// <c>in_reply_to</c>, base64url-encoded for Gmail. Code instead of pack data, because a template cannot do folding,
/// encoded words and protection against header injection.
/// </summary>
internal static class MailMessage
{
    public static string Encode(JsonElement input)
    {
        var message = new StringBuilder();
        foreach (var (name, header) in new[] { ("to", "To"), ("cc", "Cc"), ("bcc", "Bcc") })
        {
            if (Addresses(input, name) is { Length: > 0 } addresses)
                message.Append(header).Append(": ").Append(addresses).Append("\r\n");
        }

        if (Text(input, "subject") is { } subject)
            message.Append("Subject: ").Append(Words(Clean(subject, "subject"))).Append("\r\n");
        if (Text(input, "in_reply_to") is { } reply)
        {
            var id = Ascii(Clean(reply, "in_reply_to"), "in_reply_to");
            message.Append("In-Reply-To: ").Append(id).Append("\r\nReferences: ").Append(id).Append("\r\n");
        }

        var html = Text(input, "html");
        message
            .Append("MIME-Version: 1.0\r\nContent-Type: text/")
            .Append(html is null ? "plain" : "html")
            .Append("; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n");
        var body = Convert.ToBase64String(Encoding.UTF8.GetBytes(html ?? Text(input, "text") ?? ""));
        for (var i = 0; i < body.Length; i += 76)
            message.Append(body.AsSpan(i, Math.Min(76, body.Length - i))).Append("\r\n");
        return Base64Url.EncodeToString(Encoding.ASCII.GetBytes(message.ToString()));
    }

    private static string? Text(JsonElement input, string name) =>
        input.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string Addresses(JsonElement input, string name)
    {
        if (!input.TryGetProperty(name, out var value))
            return "";
        var list =
            value.ValueKind == JsonValueKind.Array
                ? value.EnumerateArray().Select(v => v.GetString() ?? "")
                : [value.GetString() ?? ""];
        // A comma within an entry would add a second recipient that the schema did not check.
        return string.Join(
            ",\r\n ",
            list.Select(a =>
                a.Contains(',', StringComparison.Ordinal)
                    ? throw new InputFaultException("input_not_an_address:" + name)
                    : Ascii(Clean(a, name), name)
            )
        );
    }

    private static string Clean(string text, string name) =>
        text.Any(char.IsControl) ? throw new InputFaultException("input_has_control_character:" + name) : text;

    private static string Ascii(string text, string name) =>
        Encoding.UTF8.GetByteCount(text) == text.Length
            ? text
            : throw new InputFaultException("input_not_ascii:" + name);

    /// <summary>RFC 2047: encoded words of at most 75 characters that never split a character.</summary>
    private static string Words(string text)
    {
        if (Encoding.UTF8.GetByteCount(text) == text.Length && text.Length <= 200)
            return text;
        var words = new List<string>();
        var chunk = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            if (Encoding.UTF8.GetByteCount(chunk.ToString()) + rune.Utf8SequenceLength > 45)
                Flush();
            chunk.Append(rune.ToString());
        }

        Flush();
        return string.Join("\r\n ", words);

        void Flush()
        {
            if (chunk.Length > 0)
                words.Add($"=?utf-8?B?{Convert.ToBase64String(Encoding.UTF8.GetBytes(chunk.ToString()))}?=");
            chunk.Clear();
        }
    }
}
