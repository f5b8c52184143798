namespace Vault.Providers.Packs;

/// <summary>
/// The working memory of one search. It is reused: a search resets exactly the entries it touched, so all are zero
/// between two searches.
/// </summary>
internal sealed class SearchScratch(int documents)
{
    private readonly double[] _scores = new double[documents];
    private readonly double[] _counts = new double[documents];
    private readonly bool[] _exact = new bool[documents];
    private readonly int[] _hits = new int[documents];
    private readonly int[] _counted = new int[documents];
    private int _hitCount;
    private int _countedCount;

    /// <summary>The documents that contain any of the words.</summary>
    public ReadOnlySpan<int> Hits => _hits.AsSpan(0, _hitCount);

    public double Score(int document) => _scores[document];

    /// <summary>Counts a document that contains the word.</summary>
    public void Exact(int document, double count)
    {
        Count(document, count);
        _exact[document] = true;
    }

    /// <summary>
    /// Counts a document that contains a longer word with this prefix; ignored if the document contains the word
    /// itself.
    /// </summary>
    public void Prefix(int document, double count)
    {
        if (!_exact[document])
            Count(document, count);
    }

    /// <summary>Adds one word's score to every document that contains it, and resets the counts.</summary>
    public void Add(double rarity, ReadOnlySpan<double> weights, double saturation)
    {
        for (var i = 0; i < _countedCount; i++)
        {
            var document = _counted[i];
            var count = _counts[document];
            if (_scores[document] == 0)
                _hits[_hitCount++] = document;
            _scores[document] += rarity * count * (saturation + 1) / (count + weights[document]);
            _counts[document] = 0;
            _exact[document] = false;
        }

        _countedCount = 0;
    }

    public void Clear()
    {
        foreach (var document in Hits)
            _scores[document] = 0;
        _hitCount = 0;
    }

    private void Count(int document, double count)
    {
        if (_counts[document] == 0)
            _counted[_countedCount++] = document;
        _counts[document] += count;
    }
}
