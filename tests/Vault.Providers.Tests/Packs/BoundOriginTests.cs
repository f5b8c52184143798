using System.Collections;
using System.Collections.Immutable;
using System.Reflection;
using Vault.Core.Packs;
using Vault.Core.Templates;
using Vault.Providers.Packs;

namespace Vault.Providers.Tests.Packs;

/// <summary>
/// Every URL template of a pack is in the set that a credential is bound to: one that is left out could be edited to
/// lead a credential away. Templates are found by reflection, so a new place for a URL in a pack is found too.
/// </summary>
public sealed class BoundOriginTests
{
    [Fact]
    public async Task Every_url_template_of_every_pack_is_bound()
    {
        using var packs = await LoadAsync();
        var (seen, variable) = (0, 0);
        foreach (var pack in packs.All)
        {
            var parameters = Examples(pack);
            var bound = PackOrigins.Of(packs, pack, parameters);
            var shared = packs
                .All.SelectMany(p => p.Tools)
                .Select(t => packs.TryGetTool(t.Name, pack.Id, out var tool) ? tool.Definition : null);
            foreach (var template in TemplatesIn(pack).Concat(TemplatesIn(shared)).Distinct())
            {
                if (template.IsRelative)
                    continue;
                var origin = template.Origin(name => PackParameters.Find(pack, parameters, name));
                Assert.True(origin is not null && bound.Covers(origin), $"{pack.Id}: {template.Source}");
                Assert.Subset(PackOrigins.Variables(packs, pack).ToHashSet(), template.OriginVariables.ToHashSet());
                seen++;
                variable += template.FixedOrigin is null ? 1 : 0;
            }
        }

        Assert.True(seen > 500 && variable > 50, $"{seen} templates, {variable} with a variable in their origin");
    }

    [Fact]
    public async Task A_client_secret_is_presented_only_where_connection_parameters_or_a_list_decide()
    {
        // Its origins are fixed when the connection is saved: no answer and no account may choose where it goes, but
        // among the servers that the pack lists.
        using var packs = await LoadAsync();
        Assert.All(
            packs.All.SelectMany(p => PackOrigins.OfClient(p).SelectMany(t => t.OriginVariables), (p, v) => (p, v)),
            place =>
            {
                var parameter = place.p.Details.Parameters[place.v];
                if (parameter.Values.IsEmpty)
                    Assert.Equal(ParameterSource.Connection, parameter.Source);
                var listed = PackOrigins.OfConnection(packs, place.p, Examples(place.p));
                foreach (var value in parameter.Values.Values)
                    Assert.True(
                        listed.Covers(new Uri(value).GetLeftPart(UriPartial.Authority)),
                        $"{place.p.Id}: {value}"
                    );
            }
        );

        static ImmutableSortedDictionary<string, string> Examples(ProviderPack pack) =>
            pack
                .Details.Parameters.Where(p => p.Value is { Source: ParameterSource.Connection })
                .Where(p => (p.Value.Default ?? p.Value.Example) is not null)
                .ToImmutableSortedDictionary(p => p.Key, p => (p.Value.Default ?? p.Value.Example)!);
    }

    /// <summary>The properties of the objects of a pack, all the way down.</summary>
    private static IEnumerable<UrlTemplate> TemplatesIn(object? value)
    {
        switch (value)
        {
            case UrlTemplate template:
                yield return template;
                break;
            case null or string:
                break;
            case IEnumerable many:
                foreach (var found in many.Cast<object?>().SelectMany(TemplatesIn))
                    yield return found;
                break;
            default:
                var type = value.GetType();
                if (type.Assembly != typeof(ProviderPack).Assembly && !IsPair(type))
                    break;
                foreach (
                    var found in type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
                        .Where(p => p.GetIndexParameters().Length == 0)
                        .SelectMany(p => TemplatesIn(p.GetValue(value)))
                )
                    yield return found;
                break;
        }
    }

    private static bool IsPair(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(KeyValuePair<,>);

    private static ImmutableSortedDictionary<string, string> Examples(ProviderPack pack) =>
        pack
            .Details.Parameters.Where(p => (p.Value.Default ?? p.Value.Example) is not null)
            .ToImmutableSortedDictionary(p => p.Key, p => p.Value.Example ?? p.Value.Default!, StringComparer.Ordinal);

    private static async Task<PackCatalogue> LoadAsync()
    {
        var packs = new PackCatalogue(new PackReader(), new PackOptions { Development = true });
        Assert.Empty(await packs.LoadAsync(default));
        return packs;
    }
}
