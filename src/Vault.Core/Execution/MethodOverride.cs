using System.Buffers.Text;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;

namespace Vault.Core.Execution;

/// <summary>
/// Ways in which the query or the body of a raw call can ask a provider's framework for another method than the
/// request's own (Rails, Laravel, Symfony, Express: <c>_method</c>). Headers that do so are refused by
/// <see cref="ProxyTool"/>. A match too many only asks for an approval.
/// </summary>
internal static class MethodOverride
{
    private static readonly ImmutableArray<string> Names =
    [
        "_method",
        "_http_method",
        "_httpmethod",
        "_methodoverride",
        "$method",
        "$httpmethod",
        "x_http_method",
        "http_method_override",
        "x_method_override",
    ];

    public static bool IsIn(JsonElement input)
    {
        if (input.ValueKind != JsonValueKind.Object)
            return false;
        if (Members(input, "query").Concat(Members(input, "body")).Any(Contains))
            return true;
        if (
            input.TryGetProperty("body", out var body)
            && body.ValueKind == JsonValueKind.String
            && Contains(body.GetString()!)
        )
            return true;
        return input.TryGetProperty("body_base64", out var base64)
            && base64.ValueKind == JsonValueKind.String
            && Base64.IsValid(base64.GetString())
            && Contains(Encoding.Latin1.GetString(Convert.FromBase64String(base64.GetString()!)));
    }

    private static IEnumerable<string> Members(JsonElement input, string name) =>
        input.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Object
            ? value.EnumerateObject().Select(p => p.Name)
            : [];

    // A name in brackets ("_method[]") is the same parameter to most frameworks, so names are searched and not
    // compared.
    // A form writes a name with escapes if it likes, and a multipart body writes it in quotes.
    private static bool Contains(string text)
    {
        var plain = Uri.UnescapeDataString(text).ToLowerInvariant().Replace('-', '_');
        return Names.Any(n => plain.Contains(n, StringComparison.Ordinal));
    }
}
