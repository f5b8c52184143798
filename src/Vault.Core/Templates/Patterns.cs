using System.Collections.Concurrent;
using System.Text.RegularExpressions;

namespace Vault.Core.Templates;

/// <summary>
/// Regular expressions of packs and tool schemas, each made once: building an automaton costs more than all else in
/// loading a pack, and packs repeat each other. Linear in time; there is no time limit, because matching is bounded by
/// the value's length and a limit counts the time other processes take, too.
/// </summary>
public static class Patterns
{
    /// <summary>
    /// Packs may come from operators, so what is remembered is bounded; beyond it each use makes its own.
    /// </summary>
    private const int MaxCached = 4096;

    private static readonly ConcurrentDictionary<string, Regex> Made = new(StringComparer.Ordinal);

    /// <exception cref="ArgumentException">Not a pattern.</exception>
    /// <exception cref="NotSupportedException">Needs backtracking.</exception>
    public static Regex Get(string pattern)
    {
        if (Made.TryGetValue(pattern, out var known))
            return known;
        var made = new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        if (Made.Count < MaxCached)
            Made[pattern] = made;
        return made;
    }
}
