using System.Collections.Immutable;
using System.Text.Json;
using Vault.Core.Packs;

namespace Vault.Providers.OAuth;

/// <summary>
/// Reads the granted scopes of a token response. RFC 6749 3.3 separates them by spaces; providers also use commas and
/// other characters, and arrays, objects and JSON in a string. Their spelling is compared later with what was requested
/// (<see cref="Core.Accounts.ReportedScopes"/>).
/// </summary>
internal static class ScopeReader
{
    private static readonly string[] NameMembers = ["scope", "name", "id", "value", "permission", "key"];

    /// <summary>
    /// Null when the response does not say: without the member, with null, and with an empty string (RFC 6749 3.3 has
    /// at least one scope), as GitHub sends for its Apps. An empty array says that there are none.
    /// </summary>
    public static ImmutableArray<string>? Read(OAuthShape oauth, JsonElement body)
    {
        if (oauth.Answer.Scope.First(body) is not { } value)
            return null;
        var scopes = Of(value, oauth.ScopeSeparator, depth: 0)
            ?.Where(s => s.Length is > 0 and <= 512)
            .Distinct(StringComparer.Ordinal)
            .ToImmutableArray();
        return scopes is { IsEmpty: true } && value.ValueKind == JsonValueKind.String ? null : scopes;
    }

    private static IEnumerable<string>? Of(JsonElement value, string separator, int depth) =>
        value.ValueKind switch
        {
            JsonValueKind.String => OfText(value.GetString()!, separator, depth),
            JsonValueKind.Array => value.EnumerateArray().SelectMany(item => OfItem(item, separator, depth)),
            JsonValueKind.Object => value.EnumerateObject().SelectMany(OfMember),
            _ => null,
        };

    private static IEnumerable<string> OfText(string text, string separator, int depth)
    {
        text = text.Trim();
        if (text.StartsWith('[') && depth == 0)
        {
            try
            {
                return Of(JsonSerializer.Deserialize<JsonElement>(text), separator, depth + 1) ?? [];
            }
            catch (JsonException)
            {
                // Not JSON: a list in brackets, as some languages print it.
                text = text.Trim('[', ']');
            }
        }

        // Sent as it stood in a URL.
        if (text.Contains("%20", StringComparison.Ordinal) || text.Contains("%2C", StringComparison.OrdinalIgnoreCase))
            text = Uri.UnescapeDataString(text);
        return text.Split([.. separator, ' ', '\t', '\r', '\n', ',', ';', '|'], StringSplitOptions.RemoveEmptyEntries)
            .Select(s => s.Trim('"', '\''));
    }

    private static IEnumerable<string> OfItem(JsonElement item, string separator, int depth)
    {
        if (item.ValueKind == JsonValueKind.String)
            return OfText(item.GetString()!, separator, depth + 1);
        if (item.ValueKind != JsonValueKind.Object)
            return [];
        foreach (var name in NameMembers)
        {
            if (item.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.String)
                return OfText(member.GetString()!, separator, depth + 1);
        }

        return [];
    }

    private static IEnumerable<string> OfMember(JsonProperty member) =>
        member.Value.ValueKind switch
        {
            JsonValueKind.String => [$"{member.Name}:{member.Value.GetString()}"],
            JsonValueKind.True => [member.Name],
            _ => [],
        };
}
