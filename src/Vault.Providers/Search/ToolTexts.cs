using System.Runtime.InteropServices;

namespace Vault.Providers.Search;

/// <summary>Collects the terms of tools, in the order of their document numbers.</summary>
internal sealed class ToolTexts
{
    // A meaning that one text has several times says little more than once.
    private const double Repeated = 0.3;
    private readonly Dictionary<int, double> _lengths = [];

    public Dictionary<string, List<(int Document, float Count)>> Terms { get; } = new(StringComparer.Ordinal);

    public double Length(int document) => _lengths.GetValueOrDefault(document);

    /// <param name="document">The tool; not smaller than the last.</param>
    /// <param name="text">One of its texts.</param>
    /// <param name="weight">How much a word of the text counts.</param>
    /// <param name="meanings">Whether what its words mean is collected too.</param>
    /// <param name="counted">Whether the text makes the tool's texts long.</param>
    public void Read(int document, string text, double weight, bool meanings, bool counted)
    {
        var stems = SearchText.Words(text).ConvertAll(SearchText.Stem);
        foreach (var stem in stems)
            Add(stem, document, weight);
        if (counted)
            CollectionsMarshal.GetValueRefOrAddDefault(_lengths, document, out _) += weight * stems.Count;
        if (!meanings)
            return;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var at = 0; at < stems.Count; )
        {
            var (length, found) = Thesaurus.Shared.At(stems, at);
            foreach (var meaning in found)
                Add(meaning.Concept, document, weight * meaning.Weight * (seen.Add(meaning.Concept) ? 1 : Repeated));
            at += length;
        }
    }

    private void Add(string term, int document, double weight)
    {
        ref var postings = ref CollectionsMarshal.GetValueRefOrAddDefault(Terms, term, out _);
        postings ??= [];
        if (postings.Count > 0 && postings[^1].Document == document)
            CollectionsMarshal.AsSpan(postings)[^1].Count += (float)weight;
        else
            postings.Add((document, (float)weight));
    }
}
