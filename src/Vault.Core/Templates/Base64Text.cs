using System.Diagnostics.CodeAnalysis;

namespace Vault.Core.Templates;

/// <summary>
/// Bytes that stand in a JSON string, in the forms in which APIs and models write them: base64 and base64url (RFC 4648
/// 4
/// and 5), with or without padding, over several lines, or a data URL (RFC 2397).
/// </summary>
public static class Base64Text
{
    /// <param name="text">The text.</param>
    /// <param name="bytes">The bytes.</param>
    /// <param name="mediaType">The type that a data URL names; null for none.</param>
    public static bool TryDecode(string text, [NotNullWhen(true)] out byte[]? bytes, out string? mediaType)
    {
        ArgumentNullException.ThrowIfNull(text);
        mediaType = null;
        if (text.StartsWith("data:", StringComparison.OrdinalIgnoreCase))
        {
            var comma = text.IndexOf(',', StringComparison.Ordinal);
            if (comma < 0)
            {
                bytes = null;
                return false;
            }

            var head = text[5..comma].Split(';', StringSplitOptions.TrimEntries);
            mediaType = head[0].Contains('/', StringComparison.Ordinal) ? head[0] : null;
            text = Uri.UnescapeDataString(text[(comma + 1)..]);
            if (!head.Contains("base64", StringComparer.OrdinalIgnoreCase))
            {
                bytes = System.Text.Encoding.UTF8.GetBytes(text);
                return true;
            }
        }

        var buffer = new char[text.Length + 3];
        var length = 0;
        var padding = 0;
        foreach (var c in text)
        {
            if (c is ' ' or '\t' or '\r' or '\n')
                continue;
            if (c == '=')
            {
                padding++;
                continue;
            }

            // Padding ends the text.
            if (padding > 0)
            {
                bytes = null;
                return false;
            }

            buffer[length++] = c switch
            {
                '-' => '+',
                '_' => '/',
                _ => c,
            };
        }

        if (padding > 2 || length % 4 == 1)
        {
            bytes = null;
            return false;
        }

        while (length % 4 != 0)
            buffer[length++] = '=';
        var result = new byte[length / 4 * 3];
        bytes = Convert.TryFromBase64Chars(buffer.AsSpan(0, length), result, out var written)
            ? result[..written]
            : null;
        return bytes is not null;
    }
}
