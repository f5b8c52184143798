namespace Vault.Providers.Search;

/// <summary>
/// The working memory of one search. It is reused: a search resets exactly the entries it touched, so all are zero
/// between two searches.
/// </summary>
internal sealed class SearchScratch(int documents)
{
    private readonly Column _words = new(documents);
    private readonly Column _verbs = new(documents);
    private readonly Column _objects = new(documents);

    /// <summary>The score of the clause that is read.</summary>
    public Column Clause { get; } = new(documents);

    /// <summary>The best score of all clauses, each of which gives its best tool 1.</summary>
    public Column Total { get; } = new(documents);

    public void Word(int document, double score) => _words.Add(document, score);

    /// <summary>Of several meanings of one word the best counts.</summary>
    public void Verb(int document, double score) => _verbs.Max(document, score);

    public void Object(int document, double score) => _objects.Max(document, score);

    /// <summary>Adds what a word or phrase scored to the clause.</summary>
    /// <param name="wordWeight">How much the word itself counts compared with its meanings.</param>
    /// <param name="onlyHits">Whether it adds nothing to a document that no other word found.</param>
    public void EndUnit(double wordWeight, bool onlyHits)
    {
        foreach (var document in _words.Touched)
            if (_verbs[document] == 0 && _objects[document] == 0)
                Clause.Add(document, _words[document] * wordWeight);
        foreach (var document in _verbs.Touched)
            Add(document);
        foreach (var document in _objects.Touched)
            if (_verbs[document] == 0)
                Add(document);
        _words.Clear();
        _verbs.Clear();
        _objects.Clear();

        // The best reading, and a little more when a word is right as a verb and as an object.
        void Add(int document)
        {
            if (onlyHits && Clause[document] == 0)
                return;
            var (verb, thing) = (_verbs[document], _objects[document]);
            var best = Math.Max(_words[document] * wordWeight, Math.Max(verb, thing));
            Clause.Add(document, best + (0.3 * Math.Min(verb, thing)));
        }
    }

    public void Clear()
    {
        Clause.Clear();
        Total.Clear();
    }

    /// <summary>One number a document, and which were set.</summary>
    internal sealed class Column(int documents)
    {
        private readonly double[] _scores = new double[documents];
        private readonly int[] _touched = new int[documents];
        private int _count;

        public ReadOnlySpan<int> Touched => _touched.AsSpan(0, _count);

        public double this[int document] => _scores[document];

        public void Add(int document, double score) => Set(document, _scores[document] + score);

        public void Max(int document, double score) => Set(document, Math.Max(_scores[document], score));

        public void Scale(int document, double factor) => _scores[document] *= factor;

        public void Clear()
        {
            foreach (var document in Touched)
                _scores[document] = 0;
            _count = 0;
        }

        private void Set(int document, double score)
        {
            if (score <= 0)
                return;
            if (_scores[document] == 0)
                _touched[_count++] = document;
            _scores[document] = score;
        }
    }
}
