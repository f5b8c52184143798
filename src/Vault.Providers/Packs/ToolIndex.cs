using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Vault.Core.Packs;

namespace Vault.Providers.Packs;

/// <summary>
/// Full-text search over tools: BM25 over an in-memory inverted index, with names weighing more than descriptions.
/// Built once per set of packs. A search costs the postings of its words, not the size of the catalogue, and allocates
/// little more than its result.
/// </summary>
internal sealed class ToolIndex
{
    private const double K1 = 1.2;
    private const double B = 0.75;
    private const int NameWeight = 3;
    private const int MaxWords = 32;

    // "chan" finds "channel" at half weight, so that prefixes work.
    private const double PrefixWeight = 0.5;
    private const int MinPrefix = 3;

    /// <summary>Sorted by name; the index of a tool is its document number.</summary>
    private readonly Tool[] _tools;

    /// <summary>
    /// Sorted; the postings of word <c>i</c> are those from <c>_starts[i]</c> to <c>_starts[i + 1]</c>.
    /// </summary>
    private readonly string[] _words;
    private readonly int[] _starts;
    private readonly (int Document, int Count)[] _postings;

    /// <summary>Per document the length term in BM25's denominator: long texts count for less.</summary>
    private readonly double[] _weights;
    private readonly ConcurrentBag<SearchScratch> _spare = [];

    public ToolIndex(IEnumerable<Tool> tools)
    {
        _tools = [.. tools.OrderBy(t => t.Definition.Name, StringComparer.Ordinal)];
        var counts = new Dictionary<string, List<(int Document, int Count)>>(StringComparer.Ordinal);
        var lengths = new int[_tools.Length];
        for (var i = 0; i < _tools.Length; i++)
        {
            Read(_tools[i].Definition.Name, i, NameWeight, counts, lengths);
            Read(_tools[i].Pack.DisplayName, i, 1, counts, lengths);
            Read(_tools[i].Definition.Description, i, 1, counts, lengths);
        }

        _words = [.. counts.Keys.Order(StringComparer.Ordinal)];
        _starts = new int[_words.Length + 1];
        _postings = new (int, int)[counts.Values.Sum(p => p.Count)];
        for (var i = 0; i < _words.Length; i++)
        {
            var postings = counts[_words[i]];
            postings.CopyTo(_postings, _starts[i]);
            _starts[i + 1] = _starts[i] + postings.Count;
        }

        var average = lengths.Length == 0 ? 1 : lengths.Average();
        _weights = [.. lengths.Select(length => K1 * (1 - B + (B * length / average)))];
    }

    /// <param name="visible">Called only for hits, best first; null for no filter.</param>
    public IReadOnlyList<Tool> Search(string query, string? provider, int limit, Func<Tool, bool>? visible = null)
    {
        if (limit <= 0)
            return [];
        var scratch = _spare.TryTake(out var spare) ? spare : new SearchScratch(_tools.Length);
        try
        {
            // A query without words lists all tools by name.
            return Count(query, scratch)
                ? Best(scratch, provider, limit, visible)
                : [.. _tools.Where(t => Shows(t, provider) && visible?.Invoke(t) != false).Take(limit)];
        }
        finally
        {
            scratch.Clear();
            _spare.Add(scratch);
        }
    }

    private bool Count(string query, SearchScratch scratch)
    {
        Span<char> buffer = stackalloc char[SearchWords.MaxWord];
        var seen = new List<string>(8);
        foreach (var word in SearchWords.Of(query, buffer))
        {
            if (seen.Count == MaxWords || Seen(seen, word))
                continue;
            seen.Add(word.ToString());
            Count(word, scratch);
        }

        return seen.Count > 0;
    }

    private void Count(ReadOnlySpan<char> word, SearchScratch scratch)
    {
        var at = Find(word);
        var there = at < _words.Length && word.SequenceEqual(_words[at]);
        if (there)
        {
            foreach (var (document, count) in Postings(at))
                scratch.Exact(document, count);
        }

        if (word.Length >= MinPrefix)
        {
            for (
                var longer = there ? at + 1 : at;
                longer < _words.Length && _words[longer].AsSpan().StartsWith(word, StringComparison.Ordinal);
                longer++
            )
            {
                foreach (var (document, count) in Postings(longer))
                    scratch.Prefix(document, count * PrefixWeight);
            }
        }

        var with = there ? Postings(at).Length : 1;
        scratch.Add(Math.Log(1 + ((_tools.Length - with + 0.5) / (with + 0.5))), _weights, K1);
    }

    /// <summary>
    /// Selects the best hits without sorting all of them: the worst kept hit is at the top of the heap and is replaced.
    /// A hidden tool takes no place.
    /// </summary>
    private List<Tool> Best(SearchScratch scratch, string? provider, int limit, Func<Tool, bool>? visible)
    {
        var kept = new PriorityQueue<int, (double Score, int Later)>(Math.Min(limit, scratch.Hits.Length) + 1);
        foreach (var document in scratch.Hits)
        {
            // Equal scores are ordered by name, so the later name ranks lower.
            var rank = (scratch.Score(document), -document);
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

    private ReadOnlySpan<(int Document, int Count)> Postings(int word) =>
        _postings.AsSpan(_starts[word], _starts[word + 1] - _starts[word]);

    /// <summary>The position of the word, or where it would be inserted.</summary>
    private int Find(ReadOnlySpan<char> word)
    {
        var (low, high) = (0, _words.Length);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (_words[middle].AsSpan().SequenceCompareTo(word) < 0)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }

    private static bool Shows(Tool tool, string? provider) => provider is null || tool.Pack.Id == provider;

    private static bool Seen(List<string> seen, ReadOnlySpan<char> word)
    {
        foreach (var earlier in seen)
            if (word.SequenceEqual(earlier))
                return true;
        return false;
    }

    private static void Read(
        string text,
        int document,
        int weight,
        Dictionary<string, List<(int Document, int Count)>> counts,
        int[] lengths
    )
    {
        Span<char> buffer = stackalloc char[SearchWords.MaxWord];
        var lookup = counts.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (var word in SearchWords.Of(text, buffer))
        {
            lengths[document] += weight;
            ref var postings = ref CollectionsMarshal.GetValueRefOrAddDefault(lookup, word, out _);
            postings ??= [];
            if (postings.Count > 0 && postings[^1].Document == document)
                CollectionsMarshal.AsSpan(postings)[^1].Count += weight;
            else
                postings.Add((document, weight));
        }
    }
}
