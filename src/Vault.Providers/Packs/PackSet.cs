using System.Collections.Frozen;
using System.Collections.Immutable;
using Vault.Core.Errors;
using Vault.Core.Packs;
using Vault.Providers.Search;

namespace Vault.Providers.Packs;

/// <summary>One loaded set of packs; immutable.</summary>
internal sealed class PackSet
{
    private PackSet(
        FrozenDictionary<string, ProviderPack> packs,
        FrozenDictionary<string, Tool> tools,
        SharedTools shared
    ) => (Packs, Tools, Shared, Index) = (packs, tools, shared, new ToolIndex(tools.Values));

    /// <summary>Versions that callers may pin in addition to the current ones.</summary>
    public FrozenDictionary<(string Name, string Version), Tool> Earlier { get; private init; } =
        FrozenDictionary<(string, string), Tool>.Empty;

    public static PackSet Empty { get; } =
        new(FrozenDictionary<string, ProviderPack>.Empty, FrozenDictionary<string, Tool>.Empty, SharedTools.None);

    public FrozenDictionary<string, ProviderPack> Packs { get; }

    public FrozenDictionary<string, Tool> Tools { get; }

    public SharedTools Shared { get; }

    /// <summary>Built with the set, so that no search waits for it.</summary>
    public ToolIndex Index { get; }

    /// <summary>
    /// A later pack replaces an earlier one with the same id; a later pack with a tool name of another pack is
    /// rejected.
    /// </summary>
    public static PackSet Build(IEnumerable<(ProviderPack Pack, string Source)> packs, List<PackRefusal> refusals)
    {
        var byId = new Dictionary<string, (ProviderPack Pack, string Source)>(StringComparer.Ordinal);
        var order = new List<string>();
        foreach (var (pack, source) in packs)
        {
            if (!byId.ContainsKey(pack.Id))
                order.Add(pack.Id);
            byId[pack.Id] = (pack, source);
        }

        var tools = new Dictionary<string, Tool>(StringComparer.Ordinal);
        var loaded = new Dictionary<string, ProviderPack>(StringComparer.Ordinal);
        foreach (var (pack, source) in order.Select(id => byId[id]))
        {
            var taken = pack.Tools.Where(t => tools.ContainsKey(t.Name)).ToImmutableArray();
            if (taken.Length > 0)
            {
                refusals.Add(
                    new PackRefusal(
                        source,
                        [
                            .. taken.Select(t => new Violation(
                                "/tools",
                                $"the tool name '{t.Name}' belongs to {tools[t.Name].Pack.Id} already"
                            )),
                        ]
                    )
                );
                continue;
            }

            loaded[pack.Id] = pack;
            foreach (var tool in pack.Tools)
            {
                tools[tool.Name] = new Tool(pack, tool, new ToolSchema(tool));
            }
        }

        return new PackSet(
            loaded.ToFrozenDictionary(StringComparer.Ordinal),
            tools.ToFrozenDictionary(StringComparer.Ordinal),
            SharedTools.Of(loaded, tools)
        )
        {
            Earlier = loaded
                .Values.SelectMany(pack => pack.EarlierTools.Select(t => new Tool(pack, t, new ToolSchema(t))))
                .ToFrozenDictionary(t => (t.Definition.Name, t.Definition.Version)),
        };
    }
}
