using Vault.Core.Packs;

namespace Vault.Providers.Upstream;

/// <summary>
/// A provider that accepts its key in the query may repeat it in a URL of its response (a next page, a location). Such
/// a URL leaves the vault, so the key is removed (law 2).
/// </summary>
internal static class QueryKeys
{
    public static Uri Without(ProviderPack pack, Uri url)
    {
        var names = pack
            .Details.Api.Auth.Where(a => a.Place == CredentialPlace.Query)
            .Select(a => a.Name)
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
        if (names.Count == 0)
            return url;
        var kept = url
            .Query.TrimStart('?')
            .Split('&')
            .Where(p => !names.Contains(Uri.UnescapeDataString(p.Split('=')[0].Replace('+', ' '))));
        return new UriBuilder(url) { Query = string.Join('&', kept) }.Uri;
    }
}
