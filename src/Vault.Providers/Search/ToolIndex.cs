using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Vault.Core.Packs;

namespace Vault.Providers.Search;

/// <summary>
/// Finds tools by what people call them: BM25 over an in-memory inverted index of words and of what the thesaurus says
/// the words mean. Built once per set of packs. A search costs the postings of its words, not the size of the
/// catalogue.
/// </summary>
internal sealed class ToolIndex
{
    private const double K1 = 2;
    private const double B = 0.3;
    private const double NameWeight = 3;
    private const double AlsoWeight = 2;
    private const double TopicWeight = 0.7;

    // "chan" finds "channel" at half weight, so that prefixes work.
    private const double PrefixWeight = 0.5;
    private const int MinPrefix = 3;
    private const int MinTypo = 5;

    private const double VerbWeight = 0.75;
    private const double NamedProvider = 9;
    private const double OtherProvider = 0.35;

    /// <summary>Sorted by name; the index of a tool is its document number.</summary>
    private readonly Tool[] _tools;
    private readonly double[] _priors;
    private readonly Dictionary<string, int[]> _ofProvider;

    /// <summary>Providers that the thesaurus does not know, by their id and their display name.</summary>
    private readonly Dictionary<string, List<string>> _named = new(StringComparer.Ordinal);

    /// <summary>
    /// Sorted; the postings of term <c>i</c> are those from <c>_starts[i]</c> to <c>_starts[i + 1]</c>. Terms are stems
    /// and concepts.
    /// </summary>
    private readonly string[] _terms;
    private readonly int[] _starts;
    private readonly (int Document, float Count)[] _postings;

    /// <summary>Per document the length term in BM25's denominator: long texts count for less.</summary>
    private readonly double[] _weights;
    private readonly ConcurrentBag<SearchScratch> _spare = [];

    public ToolIndex(IEnumerable<Tool> tools)
    {
        _tools = [.. tools.OrderBy(t => t.Definition.Name, StringComparer.Ordinal)];
        var texts = new ToolTexts();
        for (var i = 0; i < _tools.Length; i++)
        {
            var (pack, definition) = (_tools[i].Pack, _tools[i].Definition);
            texts.Read(i, definition.Name, NameWeight, meanings: true, counted: true);
            texts.Read(i, pack.DisplayName, 1, meanings: false, counted: true);
            texts.Read(i, definition.Description, 1, meanings: true, counted: true);
            texts.Read(i, Thesaurus.Shared.TopicsOf(pack.Id), TopicWeight, meanings: true, counted: false);
            texts.Read(i, string.Join(" , ", definition.AlsoSaidAs), AlsoWeight, meanings: true, counted: false);
        }

        _terms = [.. texts.Terms.Keys.Order(StringComparer.Ordinal)];
        _starts = new int[_terms.Length + 1];
        _postings = new (int, float)[texts.Terms.Values.Sum(p => p.Count)];
        for (var i = 0; i < _terms.Length; i++)
        {
            var postings = texts.Terms[_terms[i]];
            postings.CopyTo(_postings, _starts[i]);
            _starts[i + 1] = _starts[i] + postings.Count;
        }

        var lengths = Enumerable.Range(0, _tools.Length).Select(texts.Length).ToList();
        var average = lengths.Count == 0 ? 1 : lengths.Average();
        _weights = [.. lengths.Select(length => K1 * (1 - B + (B * length / average)))];
        _ofProvider = Enumerable
            .Range(0, _tools.Length)
            .GroupBy(i => _tools[i].Pack.Id)
            .ToDictionary(g => g.Key, g => g.ToArray(), StringComparer.Ordinal);
        foreach (var pack in _tools.Select(t => t.Pack).DistinctBy(p => p.Id).Where(p => !Thesaurus.Shared.Has(p.Id)))
        foreach (var name in new[] { pack.Id, pack.DisplayName }.Select(SearchText.Words).Where(IsName))
            (CollectionsMarshal.GetValueRefOrAddDefault(_named, string.Join(' ', name), out _) ??= []).Add(pack.Id);
        var names = _tools.Select(t => t.Definition.Name).ToHashSet(StringComparer.Ordinal);
        _priors = [.. _tools.Select(t => Prior(t, names))];
    }

    /// <param name="visible">Called only for hits, best first; null for no filter.</param>
    public IReadOnlyList<Tool> Search(string query, string? provider, int limit, Func<Tool, bool>? visible = null)
    {
        if (limit <= 0)
            return [];
        var clauses = QueryReading.Read(query, Corrected, Named);
        // A query without words lists all tools by name.
        if (clauses.Count == 0)
            return [.. _tools.Where(t => Shows(t, provider) && visible?.Invoke(t) != false).Take(limit)];
        var scratch = _spare.TryTake(out var spare) ? spare : new SearchScratch(_tools.Length);
        try
        {
            foreach (var clause in clauses)
                Score(clause, scratch);
            return Best(scratch.Total, provider, limit, visible);
        }
        finally
        {
            scratch.Clear();
            _spare.Add(scratch);
        }
    }

    private void Score(QueryClause clause, SearchScratch scratch)
    {
        foreach (var unit in clause.Units)
        {
            foreach (var stem in unit.Stems)
                ScoreWord(stem, 1.0 / unit.Stems.Count, scratch);
            foreach (var meaning in unit.Meanings)
            {
                var at = Find(meaning.Concept);
                if (at == _terms.Length || _terms[at] != meaning.Concept)
                    continue;
                var rarity = Rarity(Postings(at).Length) * meaning.Weight * (meaning.IsVerb ? VerbWeight : 1);
                foreach (var (document, count) in Postings(at))
                {
                    if (meaning.IsVerb)
                        scratch.Verb(document, rarity * Saturated(document, count));
                    else
                        scratch.Object(document, rarity * Saturated(document, count));
                }
            }

            scratch.EndUnit(
                unit.Meanings.Length == 0 ? 0.6
                    : unit.IsVerb ? 0.4
                    : 0.5,
                unit.Implied
            );
        }

        foreach (var document in clause.Providers.SelectMany(p => _ofProvider.GetValueOrDefault(p) ?? []))
            scratch.Clause.Add(document, NamedProvider);
        var best = 0.0;
        foreach (var document in scratch.Clause.Touched)
        {
            scratch.Clause.Scale(document, Fits(clause, _tools[document]) * _priors[document]);
            best = Math.Max(best, scratch.Clause[document]);
        }

        foreach (var document in scratch.Clause.Touched)
            scratch.Total.Max(document, scratch.Clause[document] / best);
        scratch.Clause.Clear();
    }

    private void ScoreWord(string stem, double weight, SearchScratch scratch)
    {
        var at = Find(stem);
        if (at < _terms.Length && _terms[at] == stem)
        {
            var rarity = Rarity(Postings(at).Length) * weight;
            foreach (var (document, count) in Postings(at))
                scratch.Word(document, rarity * Saturated(document, count));
        }
        else if (stem.Length >= MinPrefix)
        {
            for (; at < _terms.Length && _terms[at].StartsWith(stem, StringComparison.Ordinal); at++)
                foreach (var (document, count) in Postings(at))
                    scratch.Word(document, weight * PrefixWeight * Saturated(document, count));
        }
    }

    private double Rarity(int documents) => Math.Log(1 + ((_tools.Length - documents + 0.5) / (documents + 0.5)));

    private double Saturated(int document, double count) => count * (K1 + 1) / (count + _weights[document]);

    /// <summary>Lowers tools of providers that are not meant, and tools that do something else than is asked.</summary>
    private static double Fits(QueryClause clause, Tool tool)
    {
        var provider = clause.Providers.Count == 0 || clause.Providers.Contains(tool.Pack.Id) ? 1 : OtherProvider;
        var effect = tool.Definition.Effect;
        return provider
            * (clause.Intent, effect) switch
            {
                (Effect.Read, Effect.Write) => 0.6,
                (Effect.Read, Effect.Destructive) => 0.4,
                (Effect.Write, not Effect.Write) => 0.6,
                (Effect.Destructive, Effect.Read) => 0.6,
                (null, Effect.Destructive) => 0.7,
                (null, Effect.Write) => 0.92,
                _ => 1,
            };
    }

    private static double Prior(Tool tool, HashSet<string> names)
    {
        var id = tool.Pack.Id;
        var prior = Thesaurus.Shared.IsCommon(id) ? 1.06 : 1;
        if (tool.Pack.DevelopmentOnly)
            prior *= 0.8;
        // slack_user_send_message follows slack_send_message: the other kind of credential of the same provider.
        for (var at = id.LastIndexOf('_'); at > 0; at = id.LastIndexOf('_', at - 1))
        {
            var name = tool.Definition.Name;
            if (
                name.StartsWith(id + "_", StringComparison.Ordinal)
                && names.Contains(string.Concat(id.AsSpan(0, at), "_", name.AsSpan(id.Length + 1)))
            )
                return prior * 0.85;
        }

        return prior;
    }

    /// <summary>A word that nothing begins with, or the known word that is one typing error away.</summary>
    private string Corrected(string stem)
    {
        if (stem.Length < MinTypo || Thesaurus.Shared.Knows(stem))
            return stem;
        var at = Find(stem);
        if (at < _terms.Length && _terms[at].StartsWith(stem, StringComparison.Ordinal))
            return stem;
        foreach (var known in Thesaurus.Shared.Stems)
            if (known[0] == stem[0] && SearchText.IsOneTypoAway(stem, known))
                return known;
        for (at = Find(stem[..1]); at < _terms.Length && _terms[at][0] == stem[0]; at++)
            if (SearchText.IsOneTypoAway(stem, _terms[at]))
                return _terms[at];
        return stem;
    }

    /// <summary>
    /// Selects the best hits without sorting all of them: the worst kept hit is at the top of the heap and is replaced.
    /// A hidden tool takes no place.
    /// </summary>
    private List<Tool> Best(SearchScratch.Column scores, string? provider, int limit, Func<Tool, bool>? visible)
    {
        var hits = scores.Touched;
        var kept = new PriorityQueue<int, (double Score, int Later)>(Math.Min(limit, hits.Length) + 1);
        foreach (var document in hits)
        {
            // Equal scores are ordered by name, so the later name ranks lower.
            var rank = (Math.Round(scores[document], 9), -document);
            if (kept.Count == limit && kept.TryPeek(out _, out var worst) && rank.CompareTo(worst) <= 0)
                continue;
            if (!Shows(_tools[document], provider) || visible?.Invoke(_tools[document]) == false)
                continue;
            kept.Enqueue(document, rank);
            if (kept.Count > limit)
                kept.Dequeue();
        }

        var best = new List<Tool>(kept.Count);
        while (kept.TryDequeue(out var document, out _))
            best.Add(_tools[document]);
        best.Reverse();
        return best;
    }

    private ReadOnlySpan<(int Document, float Count)> Postings(int term) =>
        _postings.AsSpan(_starts[term], _starts[term + 1] - _starts[term]);

    /// <summary>The position of the term, or where it would be inserted.</summary>
    private int Find(string term)
    {
        var at = Array.BinarySearch(_terms, term, StringComparer.Ordinal);
        return at < 0 ? ~at : at;
    }

    private IReadOnlyList<string> Named(string name) =>
        Thesaurus.Shared.ProvidersNamed(name) is { Count: > 0 } known ? known
        : _named.TryGetValue(name, out var own) ? own
        : [];

    // A single word that means something else too ("linear") names no provider.
    private static bool IsName(List<string> words) =>
        words.Count > 1
        || (
            words.Count == 1 && !Thesaurus.Shared.IsStop(words[0]) && !Thesaurus.Shared.Knows(SearchText.Stem(words[0]))
        );

    private static bool Shows(Tool tool, string? provider) => provider is null || tool.Pack.Id == provider;
}
