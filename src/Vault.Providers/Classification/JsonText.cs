using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Vault.Providers.Classification;

/// <summary>
/// A stranger's JSON, so that all of its text can be read. The parser takes malformed UTF-8 and half a surrogate pair
/// (a text that the provider cut) in its stride and throws when somebody reads that value, wherever that may be: after
/// a token was rotated or a write has acted. What is no character becomes U+FFFD, as a decoder does it.
/// </summary>
internal static class JsonText
{
    private const int EscapeLength = 6;

    public static ReadOnlySpan<byte> Mark => [0xEF, 0xBB, 0xBF];

    /// <summary>
    /// The same array where nothing is wrong with it; otherwise a new one, and without a byte order mark.
    /// </summary>
    public static byte[] Mend(byte[] json)
    {
        if (json.AsSpan().StartsWith(Mark))
            json = json[Mark.Length..];
        if (!Utf8.IsValid(json))
            json = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(json));
        if (json.AsSpan().IndexOf("\\ud"u8) < 0 && json.AsSpan().IndexOf("\\uD"u8) < 0)
            return json;
        byte[]? mended = null;
        // Behind a backslash stands at least one more character that belongs to it.
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

    /// <summary>The code unit of the escape at a place; 0 where there is none.</summary>
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
