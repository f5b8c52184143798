using System.Text;

namespace Vault.Providers.Search;

/// <summary>Splits a text into words and reduces a word to its stem, in queries and in the index alike.</summary>
internal static class SearchText
{
    private const int MaxWord = 64;

    // Latin letters with marks, each followed by the letter without. No normalization of the framework: the program
    // runs
    // without culture data, and half a character must not throw.
    private const string Marked =
        "àaáaâaãaäaåaāaăaąaçcćcčcďdđdèeéeêeëeēeėeęeěeğgìiíiîiïiīiįiıiłlñnńnňnòoóoôoõoöoøoōoőořrśsšsşsťtùuúuûuüuūuůuűu"
        + "ýyÿyžzźzżz";

    /// <summary>
    /// Lower case, without marks, letters and digits only. What follows an apostrophe of English ("what's") is left
    /// out.
    /// </summary>
    public static List<string> Words(string text)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        for (var i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && char.IsLetterOrDigit(text[i]))
            {
                if (word.Length < MaxWord)
                    Fold(char.ToLowerInvariant(text[i]), word);
                continue;
            }

            if (word.Length > 0)
            {
                words.Add(word.ToString());
                word.Clear();
            }

            if (i < text.Length && text[i] is '\'' or '’')
                i += Contraction(text, i + 1);
        }

        return words;
    }

    /// <summary>A light stem of English: plural, -ing, -ed and a last e.</summary>
    public static string Stem(string word)
    {
        if (word.Length > 4 && word.EndsWith("ies", StringComparison.Ordinal))
            word = word[..^3] + "y";
        else if (
            word.Length > 4
            && (
                word.EndsWith("sses", StringComparison.Ordinal)
                || word.EndsWith("shes", StringComparison.Ordinal)
                || word.EndsWith("ches", StringComparison.Ordinal)
                || word.EndsWith("xes", StringComparison.Ordinal)
            )
        )
            word = word[..^2];
        else if (word.Length > 3 && word[^1] == 's' && word[^2] is not ('s' or 'u'))
            word = word[..^1];
        if (word.Length > 5 && word.EndsWith("ing", StringComparison.Ordinal))
            word = Single(word[..^3]);
        else if (word.Length > 4 && word.EndsWith("ed", StringComparison.Ordinal) && word[^3] != 'e')
            word = Single(word[..^2]);
        return word.Length > 4 && word[^1] == 'e' ? word[..^1] : word;
    }

    /// <summary>Whether one insertion, deletion, replacement or swap of neighbours makes one word the other.</summary>
    public static bool IsOneTypoAway(string a, string b)
    {
        if (a.Length > b.Length)
            (a, b) = (b, a);
        if (b.Length - a.Length > 1)
            return false;
        var same = 0;
        while (same < a.Length && a[same] == b[same])
            same++;
        if (a.Length < b.Length)
            return a.AsSpan(same).SequenceEqual(b.AsSpan(same + 1));
        if (same == a.Length)
            return true;
        return a.AsSpan(same + 1).SequenceEqual(b.AsSpan(same + 1))
            || (
                same + 1 < a.Length
                && a[same] == b[same + 1]
                && a[same + 1] == b[same]
                && a.AsSpan(same + 2).SequenceEqual(b.AsSpan(same + 2))
            );
    }

    // "planned" is "plan"; "call" keeps both letters.
    private static string Single(string stem) =>
        stem.Length > 3 && stem[^1] == stem[^2] && stem[^1] is not ('l' or 's' or 'z') ? stem[..^1] : stem;

    private static void Fold(char letter, StringBuilder word)
    {
        if (letter < 128)
            word.Append(letter);
        else if (letter == 'ß')
            word.Append("ss");
        else if (Marked.IndexOf(letter, StringComparison.Ordinal) is >= 0 and var at && at % 2 == 0)
            word.Append(Marked[at + 1]);
        else
            word.Append(letter);
    }

    private static int Contraction(string text, int from)
    {
        foreach (var ending in (string[])["ll", "re", "ve", "s", "m", "d", "t"])
        {
            var end = from + ending.Length;
            if (
                end <= text.Length
                && string.Compare(text, from, ending, 0, ending.Length, StringComparison.OrdinalIgnoreCase) == 0
                && (end == text.Length || !char.IsLetterOrDigit(text[end]))
            )
                return ending.Length;
        }

        return 0;
    }
}
