using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Vault.Core.Execution;
using Vault.Core.Packs;
using Vault.Providers.Classification;

namespace Vault.Providers.Upstream;

/// <summary>
/// Page tokens of provider lists. The executor seals them, so a caller cannot forge one. Tool, input and kind must
/// match those of the first page. The content comes from the provider and is untrusted: a URL in it must have the
/// tool's own origin.
/// </summary>
internal static class PageTokens
{
    private const int MaxLength = 8 * 1024;

    private sealed record Content(string Tool, string Input, PagingStyle Style, string Value);

    public static bool TryRead(ToolCall call, [NotNullWhen(true)] out string? value)
    {
        value = null;
        var paging = call.Tool.Definition.Request.Paging;
        if (paging is null || call.PageToken is not { Length: > 0 and <= MaxLength } token)
            return false;
        try
        {
            var content = JsonSerializer.Deserialize<Content>(Base64Url.DecodeFromChars(token));
            if (
                content is null
                || content.Tool != call.Tool.Definition.Name
                || content.Style != paging.Style
                || content.Input != Digest(call.Input)
            )
                return false;
            if (content.Value is not { Length: > 0 } || content.Value.Any(char.IsControl))
                return false;
            if (
                paging.Style is PagingStyle.Offset or PagingStyle.Page
                && !(
                    long.TryParse(content.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var place)
                    && place > 0
                )
            )
                return false;
            value = content.Value;
            return true;
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            return false;
        }
    }

    /// <summary>The token for the next page; null at the end.</summary>
    /// <param name="current">The value with which this page was requested; null for the first.</param>
    public static string? Next(ToolCall call, ProviderResponse response, Uri url, string? current)
    {
        if (call.Tool.Definition.Request.Paging is not { } paging)
            return null;
        if (paging.HasMore?.First(response.Body) is { ValueKind: JsonValueKind.False })
            return null;
        var value = paging.Style switch
        {
            PagingStyle.Cursor => paging.Next!.TextIn(response.Body) is { } cursor && cursor != current ? cursor : null,
            PagingStyle.LastId => paging.HasMore is null
            || paging.HasMore.First(response.Body) is { ValueKind: JsonValueKind.True }
                ? LastId(paging, response.Body)
                : null,
            PagingStyle.NextUrl => paging.Next!.TextIn(response.Body) is { } next
                ? WithoutKey(call, SameOrigin(url, next))
                : null,
            PagingStyle.LinkHeader => response.Header("Link") is { } link && NextLink(link) is { } target
                ? WithoutKey(call, SameOrigin(url, target))
                : null,
            _ => Counted(call, paging, response.Body, current),
        };
        if (value is null or { Length: 0 } or { Length: > 4096 })
            return null;
        var content = JsonSerializer.SerializeToUtf8Bytes(
            new Content(call.Tool.Definition.Name, Digest(call.Input), paging.Style, value)
        );
        return Base64Url.EncodeToString(content);
    }

    /// <summary>An absolute URL with the scheme, host and port of the tool's own; null for any other.</summary>
    public static string? SameOrigin(Uri own, string next) =>
        Uri.TryCreate(own, next, out var url)
        && url.Scheme == own.Scheme
        && url.IdnHost == own.IdnHost
        && url.Port == own.Port
        && url.UserInfo.Length == 0
            ? url.AbsoluteUri
            : null;

    /// <summary>
    /// A provider that accepts its key in the query may repeat it in the next URL. A page token leaves the vault, so
    /// the key is removed (law 2).
    /// </summary>
    private static string? WithoutKey(ToolCall call, string? url)
    {
        var names = call
            .Tool.Pack.Details.Api.Auth.Where(a => a.Place == CredentialPlace.Query)
            .Select(a => a.Name)
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
        if (url is null || names.Count == 0)
            return url;
        var parsed = new Uri(url);
        var kept = parsed
            .Query.TrimStart('?')
            .Split('&')
            .Where(p => !names.Contains(Uri.UnescapeDataString(p.Split('=')[0].Replace('+', ' '))));
        return new UriBuilder(parsed) { Query = string.Join('&', kept) }
            .Uri
            .AbsoluteUri;
    }

    private static string? LastId(Paging paging, JsonElement body) =>
        paging.Items!.First(body) is { ValueKind: JsonValueKind.Array } items && items.GetArrayLength() is var n and > 0
            ? paging.ItemId!.TextIn(items[n - 1])
            : null;

    private static string? Counted(ToolCall call, Paging paging, JsonElement body, string? current)
    {
        var count = paging.Items!.First(body) is { ValueKind: JsonValueKind.Array } items ? items.GetArrayLength() : 0;
        var size =
            paging.SizeFrom is not null
            && call.Input.TryGetProperty(paging.SizeFrom, out var given)
            && given.ValueKind == JsonValueKind.Number
            && given.TryGetInt32(out var requested)
                ? requested
                : paging.DefaultSize;
        var more = paging.HasMore?.First(body) is { ValueKind: JsonValueKind.True };
        if (count == 0 || (!more && (size == 0 || count < size)))
            return null;
        var at = current is null
            ? (paging.Style == PagingStyle.Page ? 1 : 0)
            : long.Parse(current, CultureInfo.InvariantCulture);
        return (at + (paging.Style == PagingStyle.Page ? 1 : count)).ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>RFC 8288: the target of rel="next". The angle brackets may contain commas and semicolons.</summary>
    private static string? NextLink(string header)
    {
        for (var at = 0; (at = header.IndexOf('<', at)) >= 0; )
        {
            var end = header.IndexOf('>', at);
            if (end < 0)
                return null;
            var following = header.IndexOf('<', end);
            var parameters = header[(end + 1)..(following < 0 ? header.Length : following)];
            if (parameters.Split(';', ',').Any(p => p.Trim() is "rel=\"next\"" or "rel=next"))
                return header[(at + 1)..end];
            at = end;
        }

        return null;
    }

    private static string Digest(JsonElement input) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(input.GetRawText())))[..16];
}
