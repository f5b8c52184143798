using System.Collections.Frozen;
using System.Collections.Immutable;
using Vault.Core.Errors;
using Vault.Core.Packs;

namespace Vault.Providers.Upstream;

/// <summary>
/// The headers of a response that a caller can use: what was created and where, what to poll, which version it is, how
/// long to wait, which page follows. All others stay here: they are of the connection, or they set cookies.
/// </summary>
internal static class UsefulHeaders
{
    private const int MaxValue = 4 * 1024;
    private const int MaxHeaders = 40;

    private static readonly FrozenSet<string> Names = new[]
    {
        "accept-ranges",
        "allow",
        "azure-asyncoperation",
        "content-disposition",
        "content-language",
        "content-location",
        "content-range",
        "deprecation",
        "etag",
        "last-modified",
        "link",
        "location",
        "operation-location",
        "retry-after",
        "request-id",
        "sunset",
        "warning",
        "www-authenticate",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    // Paging, quotas, ids of requests and of what was made: by the names that providers give them.
    private static readonly string[] Parts =
    [
        "ratelimit",
        "rate-limit",
        "request-id",
        "requestid",
        "-total",
        "-page",
        "-cursor",
        "-count",
        "operation-id",
        "upload",
        "resource-id",
        "entity-id",
        "created-id",
        "-version-id",
    ];

    private static readonly string[] Urls =
    [
        "azure-asyncoperation",
        "content-location",
        "location",
        "operation-location",
    ];

    /// <param name="response">The response.</param>
    /// <param name="pack">Whose key may stand in the query of a URL.</param>
    /// <param name="url">Of the request, without its credential: relative URLs are resolved against it.</param>
    /// <param name="redactor">Replaces the credential.</param>
    public static ImmutableArray<UpstreamHeader> Of(
        HttpResponseMessage response,
        ProviderPack pack,
        Uri url,
        CredentialRedactor redactor
    )
    {
        var kept = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, values) in response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated))
        {
            if (kept.Count >= MaxHeaders)
                break;
            var lower = name.ToLowerInvariant();
            if (!IsUseful(lower))
                continue;
            var text = string.Join(", ", values.Select(Utf8));
            if (text.Length > MaxValue || text.Any(char.IsControl))
                continue;
            if (Urls.Contains(lower) || lower.EndsWith("-location", StringComparison.Ordinal))
                text = Absolute(url, text, pack) ?? text;
            else if (lower == "link")
                text = LinkHeader.MapTargets(text, target => Absolute(url, target, pack) ?? target);
            kept[lower] = redactor.Redact(text)!;
        }

        return [.. kept.Select(h => new UpstreamHeader(h.Key, h.Value))];
    }

    /// <summary>The absolute URL of a reference, without the key of a pack; null if it is no reference.</summary>
    public static string? Absolute(Uri own, string reference, ProviderPack pack) =>
        Uri.TryCreate(own, reference.Trim(), out var url) && url.Scheme is "https" or "http"
            ? QueryKeys.Without(pack, url).AbsoluteUri
            : null;

    private static bool IsUseful(string lower) =>
        Names.Contains(lower)
        || lower.EndsWith("-location", StringComparison.Ordinal)
        || (
            (lower.StartsWith("x-", StringComparison.Ordinal) || lower.Contains("ratelimit", StringComparison.Ordinal))
            && !lower.Contains("cookie", StringComparison.Ordinal)
            && !lower.Contains("token", StringComparison.Ordinal)
            && Array.Exists(Parts, p => lower.Contains(p, StringComparison.Ordinal))
        );

    // A header's bytes are read as Latin-1; many servers write UTF-8 (Location, Content-Disposition).
    private static string Utf8(string value)
    {
        if (!value.Any(c => c is > '\x7F' and <= '\xFF') || value.Any(c => c > '\xFF'))
            return value;
        var bytes = System.Text.Encoding.Latin1.GetBytes(value);
        return System.Text.Unicode.Utf8.IsValid(bytes) ? System.Text.Encoding.UTF8.GetString(bytes) : value;
    }
}
