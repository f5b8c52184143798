using System.Text.RegularExpressions;
using Vault.Core.Packs;

namespace Vault.Providers.Search;

/// <summary>One word or phrase of a query.</summary>
/// <param name="Stems">Its words without those that mean nothing.</param>
/// <param name="Meanings">What the thesaurus knows of it.</param>
internal sealed record QueryUnit(List<string> Stems, Meaning[] Meanings)
{
    /// <summary>It is not in the query: it ranks what the other words find and finds nothing.</summary>
    public bool Implied => Stems.Count == 0;

    public bool IsVerb => Meanings.Any(m => m.IsVerb) && !Meanings.Any(m => !m.IsVerb && m.Weight >= 0.5);
}

/// <summary>One step of what is asked for.</summary>
/// <param name="Units">Its words and phrases.</param>
/// <param name="Providers">The providers it names.</param>
/// <param name="Intent">What its verb does; null when unknown.</param>
internal sealed record QueryClause(List<QueryUnit> Units, HashSet<string> Providers, Effect? Intent);

/// <summary>
/// Reads a query as people write it: "what did Ben say in the design channel", "find the invoice and mail it to Ann".
/// </summary>
internal static partial class QueryReading
{
    private const int MaxClauses = 4;
    private const int MaxWords = 48;

    private static readonly HashSet<string> QuestionWords = new(
        "what which who when where how is are did does any has welche was wann que cual quel quelle".Split(' '),
        StringComparer.Ordinal
    );

    // A question without a verb that says more asks to find or show something.
    private static readonly QueryUnit Shown = new([], [new("v:list", 0.7), new("v:search", 0.7), new("v:get", 0.4)]);

    // A query that only names a thing more often asks to see it than to make one.
    private static readonly QueryUnit Named = new([], [new("v:list", 0.4), new("v:search", 0.4), new("v:get", 0.2)]);

    /// <param name="query">The text.</param>
    /// <param name="corrected">Returns the stem that is meant by a stem; itself unless it is misspelled.</param>
    /// <param name="named">Returns the providers with that name.</param>
    public static List<QueryClause> Read(
        string query,
        Func<string, string> corrected,
        Func<string, IReadOnlyList<string>> named
    )
    {
        var parts = new List<List<string>>();
        var left = MaxWords;
        foreach (var words in Separators().Split(query).Select(SearchText.Words).Where(w => w.Count > 0))
        {
            if (words.Count > left)
                words.RemoveRange(left, words.Count - left);
            left -= words.Count;
            // "Ben and Lisa" is one step: a step has a verb and an object.
            if (parts.Count > 0 && (parts.Count == MaxClauses || !IsStep(words)))
                parts[^1].AddRange(words);
            else if (words.Count > 0)
                parts.Add(words);
        }

        return [.. parts.Select(p => Clause(p, corrected, named))];
    }

    private static QueryClause Clause(
        List<string> words,
        Func<string, string> corrected,
        Func<string, IReadOnlyList<string>> named
    )
    {
        var thesaurus = Thesaurus.Shared;
        var stems = words.ConvertAll(w => thesaurus.IsStop(w) ? SearchText.Stem(w) : corrected(SearchText.Stem(w)));
        var units = new List<QueryUnit>();
        Effect? intent = null;
        var surest = 0.0;
        for (var at = 0; at < words.Count; )
        {
            var (length, meanings) = thesaurus.At(stems, at);
            var own = Enumerable
                .Range(at, length)
                .Where(i => !thesaurus.IsStop(words[i]))
                .Select(i => stems[i])
                .ToList();
            at += length;
            if (own.Count == 0 && (length == 1 || meanings.Length == 0))
                continue;
            units.Add(new QueryUnit(own, meanings));
            var verb = meanings.Where(m => m.IsVerb).DefaultIfEmpty().MaxBy(m => m.Weight);
            // A later verb must be surer: the first says what is wanted.
            if (verb.Weight <= surest + (intent is null ? 0 : 0.25))
                continue;
            (intent, surest) = (thesaurus.EffectOf(verb.Concept), verb.Weight);
        }

        if (
            words.Take(2).Any(QuestionWords.Contains) && words[0] is not ("can" or "could")
            || words.Contains("whether")
        )
            intent = Effect.Read;
        if (
            intent == Effect.Read
            && !units.Any(u =>
                u.Meanings.Any(m => m.IsVerb && m.Weight >= 0.7 && thesaurus.EffectOf(m.Concept) == Effect.Read)
            )
        )
            units.Add(Shown);
        else if (intent is null && units.Count > 0)
            units.Add(Named);
        // Nothing but words that mean nothing: then they are all there is.
        if (units.Count == 0)
            units.AddRange(stems.Select(s => new QueryUnit([s], [])));
        return new QueryClause(units, Providers(words, named), intent);
    }

    private static HashSet<string> Providers(List<string> words, Func<string, IReadOnlyList<string>> named)
    {
        var providers = new HashSet<string>(StringComparer.Ordinal);
        for (var at = 0; at < words.Count; at++)
        {
            for (var length = Math.Min(3, words.Count - at); length > 0; length--)
            {
                var ids = named(length == 1 ? words[at] : string.Join(' ', words.Skip(at).Take(length)));
                if (ids.Count == 0)
                    continue;
                providers.UnionWith(ids);
                at += length - 1;
                break;
            }
        }

        return providers;
    }

    private static bool IsStep(List<string> words)
    {
        var stems = words.ConvertAll(SearchText.Stem);
        var (verb, thing) = (false, false);
        for (var at = 0; at < stems.Count; )
        {
            var (length, meanings) = Thesaurus.Shared.At(stems, at);
            verb |= meanings.Any(m => m.IsVerb && m.Weight >= 0.6);
            thing |= meanings.Any(m => !m.IsVerb && m.Weight >= 0.5);
            at += length;
        }

        return verb && thing;
    }

    [GeneratedRegex(@",|;|\.\s|:\s|\b(?:and then|and|then|und|y|et)\b", RegexOptions.IgnoreCase)]
    private static partial Regex Separators();
}
