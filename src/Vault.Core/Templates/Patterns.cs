using System.Collections.Concurrent;
using System.Text.RegularExpressions;

namespace Vault.Core.Templates;

/// <summary>
/// Caches the regular expressions of packs and tool schemas: compiling them is the largest cost of loading a pack, and
/// packs share patterns. Matching takes linear time. A match timeout is not needed, because the length of a value is
/// limited; it would also count the time of other processes.
/// </summary>
public static class Patterns
{
    /// <summary>
    /// The cache is bounded, because packs may come from operators. When it is full, each use compiles its pattern.
    /// </summary>
    private const int MaxCached = 4096;

    private static readonly ConcurrentDictionary<string, Regex> Compiled = new(StringComparer.Ordinal);

    // Of the thread, because packs are read without waiting.
    [ThreadStatic]
    private static int _uncached;

    /// <summary>
    /// Runs <paramref name="read"/> and remembers no pattern that it compiles. For documents that are only looked at: an
    /// automaton grows with its matches, up to tens of megabytes, and a cache that any caller can fill would keep them
    /// for good.
    /// </summary>
    public static T WithoutCache<T>(Func<T> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        _uncached++;
        try
        {
            return read();
        }
        finally
        {
            _uncached--;
        }
    }

    /// <summary>Whether the pattern is remembered.</summary>
    public static bool IsCached(string pattern) => Compiled.ContainsKey(pattern);

    /// <exception cref="ArgumentException">The pattern is invalid.</exception>
    /// <exception cref="NotSupportedException">The pattern needs backtracking.</exception>
    public static Regex Get(string pattern)
    {
        if (Compiled.TryGetValue(pattern, out var known))
            return known;
        var compiled = new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        if (_uncached == 0 && Compiled.Count < MaxCached)
            Compiled[pattern] = compiled;
        return compiled;
    }
}
