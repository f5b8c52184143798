using System.Collections.Immutable;
using Vault.Core.Packs;

namespace Vault.Core.Connections;

/// <summary>The scopes that a connection's tools need, grouped by risk.</summary>
/// <param name="Base">The provider's default scopes and the scopes without risk.</param>
/// <param name="Risky">The other scopes by risk, without empty groups.</param>
public sealed record ScopePlan(
    ImmutableArray<string> Base,
    ImmutableSortedDictionary<ScopeRisk, ImmutableArray<string>> Risky
)
{
    /// <summary>All scopes.</summary>
    public ImmutableArray<string> All => [.. Base, .. Risky.Values.SelectMany(s => s)];

    /// <summary>The base and the scopes of the given risks.</summary>
    public ImmutableArray<string> With(IEnumerable<ScopeRisk> wanted) =>
        [.. Base, .. wanted.Distinct().Order().SelectMany(r => Risky.GetValueOrDefault(r, []))];

    public static ScopePlan Of(ProviderPack pack, IEnumerable<ToolDefinition> tools)
    {
        ArgumentNullException.ThrowIfNull(pack);
        var union = ScopeUnion.Of(tools.Select(t => t.Scopes), pack.DefaultScopes);
        // The pack's default scopes are always requested, so they count as without risk.
        var sorted = union
            .Select(s => (Scope: s, Risk: pack.DefaultScopes.Contains(s) ? ScopeRisk.None : ScopeRisks.Of(pack, s)))
            .ToList();
        return new ScopePlan(
            [.. sorted.Where(s => s.Risk == ScopeRisk.None).Select(s => s.Scope)],
            sorted
                .Where(s => s.Risk != ScopeRisk.None)
                .GroupBy(s => s.Risk)
                .ToImmutableSortedDictionary(g => g.Key, g => g.Select(s => s.Scope).ToImmutableArray())
        );
    }

    /// <summary>
    /// The tools a connection enables: the named ones, otherwise all tools of its provider. A provider that is only
    /// another way to sign in (GitHub's OAuth Apps) has the tools of the one provider it takes them from; a suite of
    /// several products enables none by itself.
    /// </summary>
    public static IReadOnlyList<ToolDefinition> Enabled(IPacks packs, ProviderPack pack, ImmutableArray<string>? names)
    {
        ArgumentNullException.ThrowIfNull(packs);
        ArgumentNullException.ThrowIfNull(pack);
        if (names is null && (!pack.Tools.IsEmpty || pack.ToolsOf.Length != 1))
            return pack.Tools;
        var given = names
            ?? (packs.TryGet(pack.ToolsOf[0], out var lender) ? [.. lender.Tools.Select(t => t.Name)] : []);
        return
        [
            .. given
                .Select(name => packs.TryGetTool(name, pack.Id, out var tool) ? tool.Definition : null)
                .OfType<ToolDefinition>(),
        ];
    }

    public static ScopePlan Of(IPacks packs, ProviderPack pack, ConnectionSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return Of(pack, Enabled(packs, pack, settings.Tools));
    }
}
