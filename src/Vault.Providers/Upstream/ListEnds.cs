using System.Globalization;
using System.Text.Json;
using Vault.Core.Packs;
using Vault.Core.Templates;

namespace Vault.Providers.Upstream;

/// <summary>How providers say that a list ends, in the place of a cursor and in the place of "there is more".</summary>
internal static class ListEnds
{
    private static readonly string[] NoCursor = ["0", "-1", "null", "none", "nil", "undefined", "false", "end", "eof"];

    private static readonly string[] No = ["false", "no", "n", "0", "none", "null"];

    private static readonly string[] Yes = ["true", "yes", "y", "1"];

    /// <summary>
    /// The cursor or the URL at a path; null at the end of the list: absent, null, false, true, 0, -1, an empty string,
    /// list or object, or one of these written as text.
    /// </summary>
    public static string? Cursor(ValuePath path, JsonElement body) =>
        path.First(body) is { ValueKind: JsonValueKind.String or JsonValueKind.Number } value
        && ValuePath.Text(value)?.Trim() is { Length: > 0 } text
        && !NoCursor.Contains(text, StringComparer.OrdinalIgnoreCase)
        && !(value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && number <= 0)
            ? Whole(value, text)
            : null;

    /// <summary>What a list says about whether there is more; null when it says nothing.</summary>
    public static bool? More(Paging paging, JsonElement body)
    {
        if (paging.HasMore is not { } path)
            return null;
        if (path.First(body) is not { } value)
            return null;
        return value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False or JsonValueKind.Null => false,
            JsonValueKind.Number => value.TryGetDouble(out var number) && number > 0,
            JsonValueKind.String when value.GetString()!.Trim() is var text => text.Length == 0 ? false
            : No.Contains(text, StringComparer.OrdinalIgnoreCase) ? false
            : Yes.Contains(text, StringComparer.OrdinalIgnoreCase) ? true
            : null,
            _ => null,
        };
    }

    // 2.0 as a page or a cursor is 2 to the provider that wrote it.
    private static string Whole(JsonElement value, string text) =>
        value.ValueKind == JsonValueKind.Number
        && !value.TryGetInt64(out _)
        && value.TryGetDecimal(out var exact)
        && exact == decimal.Truncate(exact)
            ? decimal.Truncate(exact).ToString(CultureInfo.InvariantCulture)
            : text;
}
