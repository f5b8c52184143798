using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Vault.Core.Packs;

/// <summary>
/// Which scopes a provider's scope includes (<c>scope_implies</c>): GitHub's <c>repo</c> includes <c>public_repo</c>,
/// Shopify's <c>write_orders</c> includes <c>read_orders</c>. One '*' stands for the same text on both sides.
/// </summary>
public sealed class ScopeImplications
{
    private readonly FrozenDictionary<string, ImmutableArray<string>> _exact;
    private readonly ImmutableArray<(string Before, string After, ImmutableArray<string> Included)> _patterns;

    public ScopeImplications(IReadOnlyDictionary<string, ImmutableArray<string>> declared)
    {
        ArgumentNullException.ThrowIfNull(declared);
        Declared = declared.ToImmutableSortedDictionary(StringComparer.Ordinal);
        _exact = declared
            .Where(d => !d.Key.Contains('*', StringComparison.Ordinal))
            .ToFrozenDictionary(StringComparer.Ordinal);
        _patterns =
        [
            .. Declared
                .Where(d => d.Key.Contains('*', StringComparison.Ordinal))
                .Select(d =>
                {
                    var at = d.Key.IndexOf('*', StringComparison.Ordinal);
                    return (d.Key[..at], d.Key[(at + 1)..], d.Value);
                }),
        ];
    }

    public static ScopeImplications None { get; } =
        new(ImmutableSortedDictionary<string, ImmutableArray<string>>.Empty);

    public ImmutableSortedDictionary<string, ImmutableArray<string>> Declared { get; }

    /// <summary>The granted scope that includes the wanted one; null if there is none.</summary>
    public string? Includer(ImmutableArray<string> granted, string wanted)
    {
        if (Declared.IsEmpty)
            return null;
        foreach (var scope in granted)
            if (Includes(scope, wanted, []))
                return scope;
        return null;
    }

    // A scope that was looked at is not looked at again, so declarations in a circle end.
    private bool Includes(string scope, string wanted, HashSet<string> seen)
    {
        if (!seen.Add(scope))
            return false;
        foreach (var included in Of(scope))
            if (included == wanted || Includes(included, wanted, seen))
                return true;
        return false;
    }

    private IEnumerable<string> Of(string scope)
    {
        if (_exact.TryGetValue(scope, out var exact))
            foreach (var included in exact)
                yield return included;
        foreach (var (before, after, all) in _patterns)
        {
            if (
                scope.Length <= before.Length + after.Length
                || !scope.StartsWith(before, StringComparison.Ordinal)
                || !scope.EndsWith(after, StringComparison.Ordinal)
            )
                continue;
            var middle = scope[before.Length..^after.Length];
            foreach (var included in all)
                yield return included.Replace("*", middle, StringComparison.Ordinal);
        }
    }
}
