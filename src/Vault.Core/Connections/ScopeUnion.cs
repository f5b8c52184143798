using System.Collections.Immutable;
using Vault.Core.Packs;

namespace Vault.Core.Connections;

/// <summary>
/// A minimal set of scopes with which a set of tools can run.
/// </summary>
public static class ScopeUnion
{
    /// <param name="needs">The requirement of each tool.</param>
    /// <param name="given">Scopes that are requested in any case. They come first in the result.</param>
    public static ImmutableArray<string> Of(IEnumerable<ScopeRequirement> needs, IEnumerable<string> given)
    {
        ArgumentNullException.ThrowIfNull(needs);
        ArgumentNullException.ThrowIfNull(given);
        var groups = needs.SelectMany(n => n.AllOf).Where(g => g.Length > 0).ToList();
        var fixedScopes = given.Distinct(StringComparer.Ordinal).ToList();
        var chosen = new List<string>();
        // Groups with one scope first: their scopes may also meet a group with alternatives, which then adds none.
        foreach (var group in groups.OrderBy(g => g.Length == 1 ? 0 : 1))
        {
            if (!Met(group, fixedScopes) && !Met(group, chosen))
                chosen.Add(group[0]);
        }

        // A later choice may have made an earlier one unnecessary.
        foreach (var scope in chosen.ToList())
        {
            var rest = chosen.Where(s => s != scope).ToList();
            if (groups.All(g => Met(g, fixedScopes) || Met(g, rest)))
                chosen = rest;
        }

        return [.. fixedScopes, .. chosen.Order(StringComparer.Ordinal)];
    }

    /// <summary>The scopes that no tool needs: without any one of them, every tool can still run.</summary>
    public static ImmutableArray<string> Needless(IEnumerable<ScopeRequirement> needs, ImmutableArray<string> scopes)
    {
        ArgumentNullException.ThrowIfNull(needs);
        var groups = needs.SelectMany(n => n.AllOf).ToList();
        return
        [
            .. scopes.Where(scope =>
                groups.All(g => !g.Contains(scope) || scopes.Any(other => other != scope && g.Contains(other)))
            ),
        ];
    }

    private static bool Met(ImmutableArray<string> group, List<string> scopes)
    {
        foreach (var scope in group)
            if (scopes.Contains(scope))
                return true;
        return false;
    }
}
