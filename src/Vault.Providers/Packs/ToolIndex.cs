using Vault.Core.Packs;

namespace Vault.Providers.Packs;

/// <summary>Full-text search over tools: BM25 with names weighing more than descriptions. In memory, built once per set.</summary>
internal sealed class ToolIndex
{
    private const double K1 = 1.2;
    private const double B = 0.75;
    private const int NameWeight = 3;

    private readonly (Tool Tool, Dictionary<string, int> Terms, int Length)[] _documents;
    private readonly Dictionary<string, int> _documentsWith = new(StringComparer.Ordinal);
    private readonly double _averageLength;

    public ToolIndex(IEnumerable<Tool> tools)
    {
        _documents = [.. tools.OrderBy(t => t.Definition.Name, StringComparer.Ordinal).Select(Read)];
        foreach (var term in _documents.SelectMany(d => d.Terms.Keys)) _documentsWith[term] = _documentsWith.GetValueOrDefault(term) + 1;
        _averageLength = _documents.Length == 0 ? 1 : _documents.Average(d => (double)d.Length);
    }

    public IReadOnlyList<Tool> Search(string query, string? provider, int limit)
    {
        var terms = Words(query).Distinct(StringComparer.Ordinal).ToArray();
        var candidates = _documents.Where(d => provider is null || d.Tool.Pack.Id == provider);
        // An empty query lists in order of name.
        if (terms.Length == 0) return [.. candidates.Take(limit).Select(d => d.Tool)];
        return [.. candidates.Select(d => (d.Tool, Score: terms.Sum(t => Score(d, t)))).Where(d => d.Score > 0).OrderByDescending(d => d.Score).ThenBy(d => d.Tool.Definition.Name, StringComparer.Ordinal).Take(limit).Select(d => d.Tool)];
    }

    private double Score((Tool Tool, Dictionary<string, int> Terms, int Length) document, string term)
    {
        double count = document.Terms.GetValueOrDefault(term);
        // "chan" finds "channel", at half weight, so that people may type beginnings.
        if (count == 0 && term.Length >= 3) count = document.Terms.Where(t => t.Key.StartsWith(term, StringComparison.Ordinal)).Sum(t => t.Value) / 2.0;
        if (count == 0) return 0;
        var with = Math.Max(1, _documentsWith.GetValueOrDefault(term));
        var rarity = Math.Log(1 + ((_documents.Length - with + 0.5) / (with + 0.5)));
        return rarity * count * (K1 + 1) / (count + (K1 * (1 - B + (B * document.Length / _averageLength))));
    }

    private static (Tool Tool, Dictionary<string, int> Terms, int Length) Read(Tool tool)
    {
        var terms = new Dictionary<string, int>(StringComparer.Ordinal);
        var length = 0;
        Add(tool.Definition.Name, NameWeight);
        Add(tool.Pack.DisplayName, 1);
        Add(tool.Definition.Description, 1);
        return (tool, terms, length);

        void Add(string text, int weight)
        {
            foreach (var word in Words(text))
            {
                terms[word] = terms.GetValueOrDefault(word) + weight;
                length += weight;
            }
        }
    }

    /// <summary>Lower-case words of letters and digits; a plural 's' is dropped so that "message" finds "messages".</summary>
    private static IEnumerable<string> Words(string text)
    {
        var start = -1;
        for (var i = 0; i <= text.Length; i++)
        {
            var inside = i < text.Length && char.IsLetterOrDigit(text[i]);
            if (inside && start < 0) start = i;
            if (inside || start < 0) continue;
            var word = text[start..i].ToLowerInvariant();
            start = -1;
            yield return word.Length > 3 && word.EndsWith('s') && !word.EndsWith("ss", StringComparison.Ordinal) ? word[..^1] : word;
        }
    }
}
