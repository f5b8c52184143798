using System.Collections.Frozen;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using Vault.Core.Packs;

namespace Vault.Providers.Search;

/// <summary>A meaning of a word or phrase, and how surely the word has it: 0 to 1.</summary>
internal readonly record struct Meaning(string Concept, double Weight)
{
    /// <summary>Concepts are verbs (<c>v:send</c>) or objects (<c>o:email</c>).</summary>
    public bool IsVerb => Concept[0] == 'v';
}

/// <summary>
/// The words of the field: which words mean the same verb or object, what providers are called, which words mean
/// nothing. The file <c>thesaurus.json</c> says it; <c>word@0.5</c> is a word that half means it.
/// </summary>
internal sealed class Thesaurus
{
    private readonly FrozenSet<string> _stop;
    private readonly FrozenDictionary<string, Meaning[]> _phrases;
    private readonly FrozenDictionary<string, Effect> _effects;
    private readonly FrozenDictionary<string, string[]> _aliases;
    private readonly FrozenDictionary<string, (string Topics, bool Common)> _providers;
    private readonly int _longest;

    private Thesaurus(JsonElement file)
    {
        _stop = SearchText.Words(file.GetProperty("stop").GetString()!).ToFrozenSet(StringComparer.Ordinal);
        var phrases = new Dictionary<string, Dictionary<string, double>>(StringComparer.Ordinal);
        var effects = new Dictionary<string, Effect>(StringComparer.Ordinal);
        foreach (var verb in file.GetProperty("verbs").EnumerateObject())
        {
            Add(phrases, "v:" + verb.Name, verb.Value);
            effects["v:" + verb.Name] = Enum.Parse<Effect>(verb.Value.GetProperty("effect").GetString()!, true);
        }

        foreach (var entry in file.GetProperty("objects").EnumerateObject())
            Add(phrases, "o:" + entry.Name, entry.Value);
        var aliases = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        var providers = new Dictionary<string, (string, bool)>(StringComparer.Ordinal);
        foreach (var provider in file.GetProperty("providers").EnumerateObject())
        {
            foreach (var name in Texts(provider.Value).Select(n => string.Join(' ', SearchText.Words(n))))
                (aliases.TryGetValue(name, out var named) ? named : aliases[name] = []).Add(provider.Name);
            providers[provider.Name] = (
                provider.Value.GetProperty("topics").GetString()!,
                provider.Value.TryGetProperty("common", out _)
            );
        }

        _phrases = phrases.ToFrozenDictionary(
            p => p.Key,
            p => p.Value.Select(m => new Meaning(m.Key, m.Value)).ToArray(),
            StringComparer.Ordinal
        );
        _effects = effects.ToFrozenDictionary(StringComparer.Ordinal);
        _aliases = aliases.ToFrozenDictionary(a => a.Key, a => a.Value.ToArray(), StringComparer.Ordinal);
        _providers = providers.ToFrozenDictionary(StringComparer.Ordinal);
        _longest = _phrases.Keys.Max(p => p.Count(c => c == ' ') + 1);
        Stems = [.. _phrases.Keys.Where(p => !p.Contains(' ', StringComparison.Ordinal))];
    }

    public static Thesaurus Shared { get; } = Load();

    /// <summary>The stems of the single words it knows.</summary>
    public IReadOnlyList<string> Stems { get; }

    public bool IsStop(string word) => _stop.Contains(word);

    public bool Knows(string stem) => _phrases.ContainsKey(stem);

    public Effect EffectOf(string verb) => _effects[verb];

    /// <summary>What is known of a provider's tools in addition to their own texts; empty when it is not
    /// known.</summary>
    public string TopicsOf(string provider) => _providers.TryGetValue(provider, out var known) ? known.Topics : "";

    /// <summary>Whether it is a provider that most people mean when they name none.</summary>
    public bool IsCommon(string provider) => _providers.TryGetValue(provider, out var known) && known.Common;

    public bool Has(string provider) => _providers.ContainsKey(provider);

    /// <summary>The longest phrase at the position, and its meanings; one word without meanings when there is
    /// none.</summary>
    public (int Words, Meaning[] Meanings) At(IReadOnlyList<string> stems, int at)
    {
        for (var words = Math.Min(_longest, stems.Count - at); words > 0; words--)
        {
            var phrase = words == 1 ? stems[at] : string.Join(' ', stems.Skip(at).Take(words));
            if (_phrases.TryGetValue(phrase, out var meanings))
                return (words, meanings);
        }

        return (1, []);
    }

    /// <summary>The providers with that name; the name is one to three whole words.</summary>
    public IReadOnlyList<string> ProvidersNamed(string name) => _aliases.TryGetValue(name, out var ids) ? ids : [];

    private static Thesaurus Load()
    {
        using var stream = Assembly
            .GetExecutingAssembly()
            .GetManifestResourceStream("Vault.Providers.Search.thesaurus.json")!;
        using var document = JsonDocument.Parse(stream);
        return new Thesaurus(document.RootElement);
    }

    private static void Add(Dictionary<string, Dictionary<string, double>> phrases, string concept, JsonElement entry)
    {
        foreach (var text in Texts(entry))
        {
            var at = text.IndexOf('@', StringComparison.Ordinal);
            var weight = at < 0 ? 1 : double.Parse(text.AsSpan(at + 1), CultureInfo.InvariantCulture);
            var words = SearchText.Words(at < 0 ? text : text[..at]);
            var phrase = string.Join(' ', words.Select(SearchText.Stem));
            var meanings = phrases.TryGetValue(phrase, out var known) ? known : phrases[phrase] = [];
            meanings[concept] = Math.Max(weight, meanings.GetValueOrDefault(concept));
        }
    }

    private static IEnumerable<string> Texts(JsonElement entry) =>
        entry
            .GetProperty("words")
            .GetString()!
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Concat(entry.GetProperty("phrases").EnumerateArray().Select(p => p.GetString()!));
}
