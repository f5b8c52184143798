using System.Collections.Immutable;
using Vault.Core.Errors;
using Vault.Core.Templates;

namespace Vault.Core.Packs;

/// <summary>
/// The origins a pack leads to with given parameters (law 10). What an account or a client secret is bound to is
/// computed here when it is stored; what it leads to now is compared here before it is used.
/// </summary>
public static class PackOrigins
{
    /// <summary>Every URL template of the pack, and those of the tools that it runs for other packs.</summary>
    public static IEnumerable<UrlTemplate> Templates(IPacks packs, ProviderPack pack)
    {
        ArgumentNullException.ThrowIfNull(packs);
        ArgumentNullException.ThrowIfNull(pack);
        var shared =
            from lender in pack.ToolsOf
            from name in packs.TryGet(lender, out var other) ? other.Tools.Select(t => t.Name) : []
            select packs.TryGetTool(name, pack.Id, out var tool) ? tool.Definition.Request.Url : null;
        return OwnTemplates(pack).Concat(shared.OfType<UrlTemplate>().Where(t => !t.IsRelative));
    }

    /// <summary>Every URL template of the pack itself.</summary>
    public static IEnumerable<UrlTemplate> OwnTemplates(ProviderPack pack)
    {
        ArgumentNullException.ThrowIfNull(pack);
        var details = pack.Details;
        IEnumerable<UrlTemplate?> own =
        [
            details.Api.BaseUrl,
            details.OAuth?.AuthorizationUrl,
            details.OAuth?.Issuer,
            details.OAuth1?.AuthorizationUrl,
            details.Identity?.Url,
            details.Verification?.Url,
            .. OfClient(pack),
            .. pack.Tools.Select(t => t.Request.Url),
        ];
        return own.OfType<UrlTemplate>().Where(t => !t.IsRelative);
    }

    /// <summary>The endpoints that the client authenticates to with its secret.</summary>
    public static IEnumerable<UrlTemplate> OfClient(ProviderPack pack)
    {
        ArgumentNullException.ThrowIfNull(pack);
        var details = pack.Details;
        IEnumerable<UrlTemplate?> endpoints =
        [
            .. OfRefresh(pack),
            details.Revocation?.Url,
            details.Introspection?.Url,
            details.OAuth1?.TemporaryUrl,
            details.OAuth1?.TokenUrl,
        ];
        return endpoints.OfType<UrlTemplate>();
    }

    /// <summary>The endpoints that a refresh token or a credential that mints is presented to.</summary>
    public static IEnumerable<UrlTemplate> OfRefresh(ProviderPack pack)
    {
        ArgumentNullException.ThrowIfNull(pack);
        IEnumerable<UrlTemplate?> endpoints = [pack.Details.OAuth?.TokenUrl, pack.Details.OAuth?.RefreshUrl];
        return endpoints.OfType<UrlTemplate>();
    }

    /// <summary>The URL that a tool calls: its own, or the API's base.</summary>
    public static UrlTemplate OfTool(Tool tool)
    {
        ArgumentNullException.ThrowIfNull(tool);
        var url = tool.Definition.Request.Url;
        return url.IsRelative ? tool.Pack.Details.Api.BaseUrl : url;
    }

    /// <summary>The origins in force. A URL whose parameters are missing leads nowhere and adds none.</summary>
    public static Destinations Of(
        IPacks packs,
        ProviderPack pack,
        ImmutableSortedDictionary<string, string> parameters
    ) => Destinations.Of(Templates(packs, pack).Select(t => Origin(pack, parameters, t)).OfType<string>());

    /// <summary>
    /// The origins that a connection's client secret may go to: those in force, and where a consent chooses one of the
    /// servers that the pack lists (a user's data centre), all of the list. The client is the same at each of them.
    /// </summary>
    public static Destinations OfConnection(
        IPacks packs,
        ProviderPack pack,
        ImmutableSortedDictionary<string, string> parameters
    )
    {
        ArgumentNullException.ThrowIfNull(pack);
        ArgumentNullException.ThrowIfNull(parameters);
        var listed =
            from template in OfClient(pack)
            from name in template.OriginVariables
            where pack.Details.Parameters.TryGetValue(name, out var p) && p.Source == ParameterSource.Captured
            from value in pack.Details.Parameters[name].Values.Values
            select Origin(pack, parameters.SetItem(name, value), template);
        return Destinations.Of(Of(packs, pack, parameters).Origins.Concat(listed.OfType<string>()));
    }

    /// <summary>The first origin outside the set that one of the templates leads to; null for none.</summary>
    public static string? Outside(
        Destinations bound,
        ProviderPack pack,
        IReadOnlyDictionary<string, string> parameters,
        IEnumerable<UrlTemplate> templates
    )
    {
        ArgumentNullException.ThrowIfNull(bound);
        ArgumentNullException.ThrowIfNull(templates);
        foreach (var template in templates)
            if (Origin(pack, parameters, template) is { } origin && !bound.Covers(origin))
                return origin;
        return null;
    }

    /// <summary>
    /// The set after a token endpoint that is in it has answered with other captured parameters: the provider may move
    /// an account to another host of its own (the pattern has admitted it). A template counts only if its former origin
    /// was in the set, or if nothing but captured parameters decides about it, so an edited connection gains nothing.
    /// </summary>
    public static Destinations Moved(
        Destinations bound,
        IPacks packs,
        ProviderPack pack,
        ImmutableSortedDictionary<string, string> before,
        ImmutableSortedDictionary<string, string> captured
    )
    {
        ArgumentNullException.ThrowIfNull(bound);
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(captured);
        if (captured.All(c => before.TryGetValue(c.Key, out var value) && value == c.Value))
            return bound;
        var after = before.SetItems(captured);
        var (added, left) = (new List<string>(), new List<string>());
        foreach (var template in Templates(packs, pack).Where(t => t.FixedOrigin is null))
        {
            var (from, to) = (Origin(pack, before, template), Origin(pack, after, template));
            if (to is null || from == to)
                continue;
            if (from is null ? template.OriginVariables.All(captured.ContainsKey) : bound.Covers(from))
                added.Add(to);
            if (from is not null)
                left.Add(from);
        }

        // The former origin stays for a response that is committed without its parameters (spool), within a limit.
        var all = bound.Origins.Concat(added).ToList();
        return Destinations.Of(all.Count <= MaxKept ? all : all.Except(left).Concat(added));
    }

    /// <summary>The parameters that decide about an origin, for the rules of a change.</summary>
    public static ImmutableSortedSet<string> Variables(IPacks packs, ProviderPack pack)
    {
        var named = Templates(packs, pack).SelectMany(t => t.OriginVariables).ToImmutableSortedSet();
        return named.Union(named.Select(n => pack.Details.Parameters.GetValueOrDefault(n)?.From).OfType<string>());
    }

    /// <summary>
    /// What of another version of a pack can lead a credential to an address that this version does not lead to: hosts,
    /// URLs, and the parameters in them. Empty when the other leads nowhere else.
    /// </summary>
    public static ImmutableSortedSet<string> Added(ProviderPack now, ProviderPack next) =>
        Addresses(next).Except(Addresses(now));

    private static ImmutableSortedSet<string> Addresses(ProviderPack pack)
    {
        ArgumentNullException.ThrowIfNull(pack);
        return
        [
            .. pack.Hosts,
            .. OwnTemplates(pack).Select(t => t.OriginSource),
            .. OwnTemplates(pack)
                .SelectMany(t => t.OriginVariables)
                .Distinct(StringComparer.Ordinal)
                .Select(name =>
                    pack.Details.Parameters.TryGetValue(name, out var p)
                        ? $"{{{name}}} {p.Source} {p.Pattern} {p.Default} {p.From} {string.Join(' ', p.Values)}"
                        : $"{{{name}}}"
                ),
        ];
    }

    /// <summary>The account's credential is bound to other origins.</summary>
    public static VaultError Refuse(Destinations bound, string origin) =>
        new(
            ErrorCatalogue.DestinationChanged,
            $"The account's credential may be sent to {bound} only, and its connection or provider pack now leads to "
                + $"{origin}. Restore the former address, or connect the account again."
        );

    /// <summary>The client secret is bound to other origins.</summary>
    public static VaultError RefuseClient(string connection, Destinations bound, string origin) =>
        new(
            ErrorCatalogue.DestinationChanged,
            $"The client secret of the connection '{connection}' may be sent to {bound} only, and its parameters or "
                + $"provider pack now lead to {origin}. Restore the former address, or send client_secret again with "
                + $"PATCH /v1/connections/{connection}."
        );

    private const int MaxKept = 64;

    // As every request takes them: only values that match their pattern count.
    private static string? Origin(
        ProviderPack pack,
        IReadOnlyDictionary<string, string> parameters,
        UrlTemplate template
    ) => template.FixedOrigin ?? template.Origin(name => PackParameters.Find(pack, parameters, name));
}
