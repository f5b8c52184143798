using System.Net;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Vault.Core.Execution;
using Vault.Core.Packs;
using Vault.Core.Templates;
using Vault.Providers.Egress;
using Vault.Providers.OAuth;

namespace Vault.Providers.Upstream;

/// <summary>
/// Converts a tool call to an HTTP request without its credential. The pack decides where each input goes; an input can
/// set neither a host nor a header name.
/// </summary>
internal static class RequestMapper
{
    // Keyed by reference: a tool's request belongs to one version of a pack, and its template is collected with the
    // pack.
    private static readonly ConditionalWeakTable<ToolRequest, UrlTemplate> Absolute = [];

    /// <param name="pageValue">The content of a valid page token; null for the first page.</param>
    /// <exception cref="InputFaultException">An input cannot be sent.</exception>
    public static HttpRequestMessage? Map(ToolCall call, EgressPolicy policy, string? pageValue, out string? fault)
    {
        var (pack, request) = (call.Tool.Pack, call.Tool.Definition.Request);
        var variables = new TemplateContext(pack, call.Parameters, null, call.Bound);
        if (Url(call, variables, policy, pageValue, out fault) is not { } url)
            return null;
        var message = new HttpRequestMessage(new HttpMethod(request.Method), url)
        {
            Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        try
        {
            AddHeaders(call, variables, message);
            if (request.Body is { } body)
                message.Content = BodyWriter.Write(body, call.Input, Extra(call, pageValue, KeyLocation.Body));
            // A write without a body gets an empty tracked body, which records whether the request may have been sent.
            else if (request.Method is "POST" or "PUT" or "PATCH")
                message.Content = new TrackedContent([]);
            return message;
        }
        catch
        {
            message.Dispose();
            throw;
        }
    }

    private static Uri? Url(
        ToolCall call,
        TemplateContext variables,
        EgressPolicy policy,
        string? pageValue,
        out string? fault
    )
    {
        var (pack, request) = (call.Tool.Pack, call.Tool.Definition.Request);
        var template = request.Url.IsRelative
            ? Absolute.GetValue(request, _ => UrlTemplate.Parse(pack.Details.Api.BaseUrl.Source + request.Url.Source))
            : request.Url;
        var url = variables.ExpandUrl(template, policy, out fault, name =>
            request.Path.TryGetValue(name, out var source) && InputValues.Take(source, call.Input) is { } value
                ? Segment(InputValues.Scalar(value), source)
                : null
        );
        if (url is null)
            return null;
        if (pageValue is not null && request.Paging!.Style is PagingStyle.NextUrl or PagingStyle.LinkHeader)
        {
            // Restricted to the tool's own origin, not to the pack's hosts: the URL comes from the provider's response.
            if (
                PageTokens.SameOrigin(url, pageValue) is { } next
                && Uri.TryCreate(next, UriKind.Absolute, out var page)
                && policy.Refusal(pack, page) is null
            )
                return page;
            fault = "page_token_invalid";
            return null;
        }

        var query = new StringBuilder(url.Query.TrimStart('?'));
        foreach (var field in request.Query)
        {
            if (InputValues.Take(field.Source, call.Input) is not { } value)
                continue;
            if (field.Source.Form == FieldForm.Deep)
                Deep(query, field.Name, value);
            else if (value.ValueKind == JsonValueKind.Array)
            {
                foreach (var item in value.EnumerateArray())
                    Append(query, field.Name, Text(item));
            }
            else
                Append(query, field.Name, Text(value));
        }

        foreach (var (name, value) in Extra(call, pageValue, KeyLocation.Query))
            Append(query, name, value);
        return query.Length == 0 ? url : new UriBuilder(url) { Query = query.ToString() }.Uri;
    }

    private static string? Segment(string? value, FieldSource source) =>
        value is not null && UrlTemplate.HasDotSegment(value)
            ? throw new InputFaultException("input_has_dot_segment:" + source.From)
            : value;

    private static string? Text(JsonElement value) =>
        InputValues.Scalar(value)
        ?? (value.ValueKind is JsonValueKind.Object or JsonValueKind.Array ? value.GetRawText() : null);

    /// <summary>What the vault adds to the query or body: the page value and the idempotency key.</summary>
    private static List<(string Name, string Value)> Extra(ToolCall call, string? pageValue, KeyLocation place)
    {
        var request = call.Tool.Definition.Request;
        var extra = new List<(string, string)>();
        if (
            pageValue is not null
            && request.Paging is { Parameter: { } parameter } paging
            && paging.In == place
            && paging.Style is not (PagingStyle.NextUrl or PagingStyle.LinkHeader)
        )
            extra.Add((parameter, pageValue));
        if (request.IdempotencyKey is { } key && key.In == place)
            extra.Add((key.Name, call.IdempotencyKey));
        return extra;
    }

    private static void AddHeaders(ToolCall call, TemplateContext variables, HttpRequestMessage message)
    {
        var (pack, request) = (call.Tool.Pack, call.Tool.Definition.Request);
        Add("Accept", request.Accept);
        Add("Accept-Encoding", ResponseBody.Encodings);
        Add("User-Agent", "vault-orleans");
        foreach (var (name, template) in pack.Details.Api.Headers)
        {
            if (variables.Expand(template) is { } value)
                Add(name, value);
        }

        foreach (var field in request.Headers)
        {
            if (
                InputValues.Take(field.Source, call.Input) is not { } value
                || (InputValues.Scalar(value) ?? (value.ValueKind == JsonValueKind.Null ? null : value.GetRawText()))
                    is not { } text
            )
                continue;
            // Headers are ASCII without control characters: a line break in the input would start a new header.
            if (text.Any(c => c is < ' ' or > '~'))
                throw new InputFaultException("input_not_a_header_value:" + field.Source.From);
            Add(field.Name, text);
        }

        foreach (var (name, value) in Extra(call, null, KeyLocation.Header))
            Add(name, value);
        if (IsTraceParent(call.TraceParent))
            Add("traceparent", call.TraceParent!);

        void Add(string name, string value)
        {
            message.Headers.Remove(name);
            message.Headers.TryAddWithoutValidation(name, value);
        }
    }

    /// <summary>W3C trace context, version 00.</summary>
    private static bool IsTraceParent(string? text) =>
        text is { Length: 55 }
        && text.StartsWith("00-", StringComparison.Ordinal)
        && text[35] == '-'
        && text[52] == '-'
        && text.All(c => char.IsAsciiHexDigitLower(c) || char.IsAsciiDigit(c) || c == '-');

    private static void Deep(StringBuilder query, string name, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in value.EnumerateObject())
                Deep(query, $"{name}[{member.Name}]", member.Value);
        }
        else if (value.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in value.EnumerateArray())
                Deep(query, name + "[]", item);
        }
        else
            Append(query, name, Text(value));
    }

    private static void Append(StringBuilder query, string name, string? value)
    {
        if (value is null)
            return;
        if (query.Length > 0)
            query.Append('&');
        query.Append(Uri.EscapeDataString(name)).Append('=').Append(Uri.EscapeDataString(value));
    }
}
