using System.Net;
using System.Text;
using System.Text.RegularExpressions;

namespace Vault.Import;

/// <summary>Shortens descriptions for a model: removes markup, and ends a long one with a complete sentence.</summary>
internal static partial class Sentences
{
    /// <summary>
    /// At most <paramref name="max"/> characters, cut after the last complete sentence, else after the last word.
    /// </summary>
    public static string Cut(string? text, int max)
    {
        if (string.IsNullOrWhiteSpace(text) || max < 8)
            return "";
        // Convert only the beginning: the rest of a long text would be cut anyway.
        var plain = Plain(text.Length > max * 8 ? text[..(max * 8)] : text);
        if (plain.Length <= max)
            return plain;
        var end = -1;
        for (var i = 0; i < max; i++)
        {
            if (plain[i] is '.' or '!' or '?' && plain[i + 1] == ' ' && !IsAbbreviation(plain, i))
                end = i + 1;
        }

        // A first sentence that is a stub ("Note.") says less than the beginning of the next one.
        if (end >= max / 4)
            return plain[..end];
        var space = plain.LastIndexOf(' ', max - 2);
        return plain[..(space > 0 ? space : max - 2)].TrimEnd(',', ';', ':', ' ') + " …";
    }

    private static string Plain(string text)
    {
        text = Markup().Replace(text, " ");
        text = Link().Replace(text, "$1");
        text = WebUtility
            .HtmlDecode(text)
            .Replace("**", "", StringComparison.Ordinal)
            .Replace("`", "", StringComparison.Ordinal);
        var plain = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            if (char.IsWhiteSpace(c) || char.IsControl(c))
            {
                if (plain.Length > 0 && plain[^1] != ' ')
                    plain.Append(' ');
            }
            else if (!char.IsSurrogate(c))
                plain.Append(c);
        }

        return plain.ToString().Trim();
    }

    private static bool IsAbbreviation(string text, int dot)
    {
        if (text[dot] != '.')
            return false;
        var start = text.LastIndexOf(' ', dot) + 1;
        return text[start..dot].TrimStart('(').ToLowerInvariant()
            is "e.g"
                or "i.e"
                or "etc"
                or "vs"
                or "cf"
                or "no"
                or "incl"
                or "approx";
    }

    [GeneratedRegex("<[^<>]{1,200}>")]
    private static partial Regex Markup();

    [GeneratedRegex(@"!?\[([^\[\]]{0,300})\]\([^()\s]{0,600}(?:\s[^()]{0,200})?\)")]
    private static partial Regex Link();
}
