using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Vault.Providers.Classification;

/// <summary>
/// Repairs untrusted JSON so that every string in it can be read. The parser accepts malformed UTF-8 and lone
/// surrogates (a string that the provider cut) and throws only when such a value is read, which may be after a token
/// was rotated or a write has acted. Invalid characters become U+FFFD, as in a decoder.
/// </summary>
internal static class JsonText
{
    private const int EscapeLength = 6;

    public static ReadOnlySpan<byte> Mark => [0xEF, 0xBB, 0xBF];

    /// <summary>Returns the same array if it is valid; otherwise a new one without a byte order mark.</summary>
    public static byte[] Repair(byte[] json)
    {
        if (json.AsSpan().StartsWith(Mark))
            json = json[Mark.Length..];
        if (!Utf8.IsValid(json))
            json = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(json));
        if (json.AsSpan().IndexOf("\\ud"u8) < 0 && json.AsSpan().IndexOf("\\uD"u8) < 0)
            return json;
        byte[]? mended = null;
        // A backslash is followed by at least one more character of its escape.
        for (int at = 0, next; at < json.Length && (next = json.AsSpan(at).IndexOf((byte)'\\')) >= 0; )
        {
            at += next;
            var unit = Unit(json, at);
            if (!char.IsSurrogate(unit))
                at += 2;
            else if (char.IsHighSurrogate(unit) && char.IsLowSurrogate(Unit(json, at + EscapeLength)))
                at += 2 * EscapeLength;
            else
            {
                mended ??= [.. json];
                "\\uFFFD"u8.CopyTo(mended.AsSpan(at));
                at += EscapeLength;
            }
        }

        return mended ?? json;
    }

    /// <summary>The code unit of the escape at a position; 0 if there is none.</summary>
    private static char Unit(byte[] json, int at) =>
        at + EscapeLength <= json.Length
        && json[at] == '\\'
        && json[at + 1] == 'u'
        && ushort.TryParse(
            json.AsSpan(at + 2, 4),
            NumberStyles.AllowHexSpecifier,
            CultureInfo.InvariantCulture,
            out var unit
        )
            ? (char)unit
            : '\0';
}
