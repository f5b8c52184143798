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

    private const int MaxValue = 4096;

    // As many pages back as a circle is recognized; a token stays short.
    private const int MaxSeen = 100;

    /// <param name="Seen">Digests of the positions of earlier pages.</param>
    private sealed record Content(string Tool, string Input, PagingStyle Style, string Value, string? Seen = null);

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

    /// <summary>The token for the next page, null at the end; and why there is none where the list goes on.</summary>
    /// <param name="call">The call of this page.</param>
    /// <param name="response">Its response.</param>
    /// <param name="url">Its URL, without the credential.</param>
    /// <param name="current">The value with which this page was requested; null for the first.</param>
    public static (string? Token, ExecutionWarning? Warning) Next(
        ToolCall call,
        ProviderResponse response,
        Uri url,
        string? current
    )
    {
        if (call.Tool.Definition.Request.Paging is not { } paging || ListEnds.More(paging, response.Body) == false)
            return (null, null);
        var (value, given) = paging.Style switch
        {
            PagingStyle.Cursor => Both(ListEnds.Cursor(paging.Next!, response.Body)),
            PagingStyle.LastId => Both(
                paging.HasMore is null || ListEnds.More(paging, response.Body) == true
                    ? LastId(paging, response.Body)
                    : null
            ),
            PagingStyle.NextUrl => Followable(call, url, ListEnds.Cursor(paging.Next!, response.Body)),
            PagingStyle.LinkHeader => Followable(
                call,
                url,
                response.Header("Link") is { } link ? LinkHeader.Target(link, "next") : null
            ),
            _ => Both(Counted(call, paging, response.Body, current)),
        };
        if (given is null)
            return (null, null);
        if (value is null or { Length: > MaxValue } || value.Any(char.IsControl))
            return (null, NotFollowed(call, url, given));

        // A list whose cursors come back goes in a circle: a cursor seen before ends it.
        var seen = Seen(call);
        if (paging.Style is PagingStyle.NextUrl or PagingStyle.LinkHeader && current is null)
            seen = [Mark(url.AbsoluteUri)];
        if (current is not null)
            seen = [.. seen, Mark(current)];
        if (seen.Contains(Mark(value)))
            return (null, null);
        var content = JsonSerializer.SerializeToUtf8Bytes(
            new Content(
                call.Tool.Definition.Name,
                Digest(call.Input),
                paging.Style,
                value,
                string.Join('.', seen.TakeLast(MaxSeen))
            )
        );
        return (Base64Url.EncodeToString(content), null);

        static (string?, string?) Both(string? value) => (value, value);
    }

    private static (string? Value, string? Given) Followable(ToolCall call, Uri own, string? next) =>
        (next is null || SameOrigin(own, next) is not { } url ? null : WithoutKey(call, url), next);

    private static ExecutionWarning NotFollowed(ToolCall call, Uri own, string next) =>
        new(
            ExecutionWarning.NextPageNotFollowed,
            "The list goes on, but its next page may not be requested: "
                + (
                    UsefulHeaders.Absolute(own, next, call.Tool.Pack) is { Length: <= 1024 } url
                        ? $"{url} is not of the tool's origin {own.GetLeftPart(UriPartial.Authority)}."
                        : "its position is no URL of the tool's origin."
                )
        );

    /// <summary>
    /// An absolute URL with the scheme, host and port of the tool's own; null for any other. A server behind a proxy
    /// that ends TLS may write its own address with http: the same host is called with https.
    /// </summary>
    public static string? SameOrigin(Uri own, string next)
    {
        if (!Uri.TryCreate(own, next, out var url) || url.IdnHost != own.IdnHost || url.UserInfo.Length > 0)
            return null;
        if (
            own.Scheme == Uri.UriSchemeHttps
            && url.Scheme == Uri.UriSchemeHttp
            && own.IsDefaultPort
            && url.IsDefaultPort
        )
            url = new UriBuilder(url) { Scheme = Uri.UriSchemeHttps, Port = own.Port }.Uri;
        return url.Scheme == own.Scheme && url.Port == own.Port ? WithoutFragment(url).AbsoluteUri : null;
    }

    public static Uri WithoutFragment(Uri url) =>
        url.Fragment.Length == 0 ? url : new UriBuilder(url) { Fragment = "" }.Uri;

    private static string WithoutKey(ToolCall call, string url) =>
        QueryKeys.Without(call.Tool.Pack, new Uri(url)).AbsoluteUri;

    private static string[] Seen(ToolCall call) =>
        call.PageToken is null
            ? []
            : JsonSerializer
                .Deserialize<Content>(Base64Url.DecodeFromChars(call.PageToken))!
                .Seen?.Split('.', StringSplitOptions.RemoveEmptyEntries)
                ?? [];

    private static string Mark(string value) =>
        Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(value)).AsSpan(0, 6));

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
        var more = ListEnds.More(paging, body) == true;
        if (count == 0 || (!more && (size == 0 || count < size)))
            return null;
        var at = current is null
            ? (paging.Style == PagingStyle.Page ? 1 : 0)
            : long.Parse(current, CultureInfo.InvariantCulture);
        return (at + (paging.Style == PagingStyle.Page ? 1 : count)).ToString(CultureInfo.InvariantCulture);
    }

    private static string Digest(JsonElement input) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(input.GetRawText())))[..16];
}
