using System.Collections.Frozen;
using System.Collections.Immutable;
using Vault.Core.Packs;
using Vault.Core.Templates;

namespace Vault.Providers.Packs;

/// <summary>
/// Tools that accounts of another provider can run (<c>tools_of</c>): the same operation with that provider's hosts,
/// credential and error rules.
/// </summary>
internal sealed record SharedTools(
    FrozenDictionary<(string Provider, string Tool), Tool> Tools,
    FrozenDictionary<string, IReadOnlyList<string>> Providers
)
{
    public static SharedTools None { get; } =
        new(FrozenDictionary<(string, string), Tool>.Empty, FrozenDictionary<string, IReadOnlyList<string>>.Empty);

    /// <summary>
    /// Leaves out tools that need hosts or parameters the other provider does not have; a provider that is not loaded
    /// has none.
    /// </summary>
    public static SharedTools Of(
        IReadOnlyDictionary<string, ProviderPack> packs,
        IReadOnlyDictionary<string, Tool> tools
    )
    {
        var shared = new Dictionary<(string, string), Tool>();
        var providers = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (var pack in packs.Values.OrderBy(p => p.Id, StringComparer.Ordinal))
        {
            foreach (
                var tool in pack
                    .ToolsOf.Where(packs.ContainsKey)
                    .SelectMany(lender => packs[lender].Tools)
                    .Select(definition => tools[definition.Name])
            )
            {
                if (Fitted(tool, pack) is not { } definition)
                    continue;
                shared[(pack.Id, definition.Name)] = new Tool(pack, definition, tool.Schema);
                if (!providers.TryGetValue(definition.Name, out var list))
                    providers[definition.Name] = list = [];
                list.Add(pack.Id);
            }
        }

        return new SharedTools(
            shared.ToFrozenDictionary(),
            providers.ToFrozenDictionary(p => p.Key, p => (IReadOnlyList<string>)p.Value, StringComparer.Ordinal)
        );
    }

    private static ToolDefinition? Fitted(Tool tool, ProviderPack pack)
    {
        var request = tool.Definition.Request;
        var lender = tool.Pack.Details.Api.BaseUrl;
        var url = request.Url;
        // A product's own address is kept if this pack may call it (Gmail under Google); an address per customer is
        // replaced by this pack's (Salesforce sandboxes).
        if (
            url.IsRelative
            && !lender.Variables.Any()
            && lender.Source != pack.Details.Api.BaseUrl.Source
            && Covers(pack, lender)
        )
            url = UrlTemplate.Parse(lender.Source + url.Source);
        if (!url.IsRelative && !url.OriginVariables.Any() && !Covers(pack, url))
            return null;
        if (!url.Variables.All(place => request.Path.ContainsKey(place) || pack.Details.Parameters.ContainsKey(place)))
            return null;
        // Always a new instance: caches by request instance must not be shared between packs.
        return tool.Definition with
        {
            Scopes = Scopes(tool.Definition.Scopes, pack.Details.KnownScopes),
            Request = request with { Url = url },
        };
    }

    /// <summary>
    /// The requirement in the scopes of the account's provider. A group without any of them stays as it is, so that the
    /// tool is refused rather than run without a check.
    /// </summary>
    private static ScopeRequirement Scopes(ScopeRequirement needs, ImmutableArray<string>? known)
    {
        if (known is not { } scopes)
            return needs;
        if (scopes.IsEmpty)
            return ScopeRequirement.None;
        return new ScopeRequirement([
            .. needs.AllOf.Select(group =>
                scopes.Where(s => group.Contains(s)).ToImmutableArray() is { IsEmpty: false } own ? own : group
            ),
        ]);
    }

    private static bool Covers(ProviderPack pack, UrlTemplate url) =>
        Uri.TryCreate(url.Expand(_ => "x", out _), UriKind.Absolute, out var uri)
        && HostRules.Covers(pack.Hosts, uri.IdnHost.ToLowerInvariant());
}
