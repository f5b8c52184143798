using System.Collections.Immutable;
using Vault.Core.Packs;

namespace Vault.Core.Connections;

/// <summary>
/// The least scopes that let a set of tools run: what they need together, and nothing that none of them needs.
/// </summary>
public static class ScopeUnion
{
    /// <param name="needs">Of each tool.</param>
    /// <param name="given">Scopes that are asked for anyway; they come first, and meet what they can.</param>
    public static ImmutableArray<string> Of(IEnumerable<ScopeRequirement> needs, IEnumerable<string> given)
    {
        ArgumentNullException.ThrowIfNull(needs);
        ArgumentNullException.ThrowIfNull(given);
        var groups = needs.SelectMany(n => n.AllOf).Where(g => g.Length > 0).ToList();
        var fixedScopes = given.Distinct(StringComparer.Ordinal).ToList();
        var chosen = new List<string>();
        // Groups without a choice first: what they force may meet a group that has one, which then adds nothing.
        foreach (var group in groups.OrderBy(g => g.Length == 1 ? 0 : 1))
        {
            if (!Met(group, fixedScopes) && !Met(group, chosen))
                chosen.Add(group[0]);
        }

        // A later choice can have made an earlier one needless.
        foreach (var scope in chosen.ToList())
        {
            var rest = chosen.Where(s => s != scope).ToList();
            if (groups.All(g => Met(g, fixedScopes) || Met(g, rest)))
                chosen = rest;
        }

        return [.. fixedScopes, .. chosen.Order(StringComparer.Ordinal)];
    }

    /// <summary>Scopes that could be left out with every tool running as before.</summary>
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
