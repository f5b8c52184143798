using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Vault.Core.Packs;

/// <summary>
/// A place in a JSON value: names joined by dots (<c>authed_user.access_token</c>), or a JSON pointer when it begins with a slash (for names with dots:
/// <c>/@odata.nextLink</c>). <c>*</c> stands for every element of an array, digits for one.
/// </summary>
public sealed record ValuePath
{
    public const int MaxDepth = 16;

    private ValuePath(string source, ImmutableArray<string> segments) => (Source, Segments) = (source, segments);

    public string Source { get; }

    public ImmutableArray<string> Segments { get; }

    public static ValuePath Parse(string text) => TryParse(text, out var path) ? path : throw new FormatException("Not a path: " + text);

    public static bool TryParse(string? text, [NotNullWhen(true)] out ValuePath? path)
    {
        path = null;
        if (string.IsNullOrEmpty(text) || text.Any(char.IsControl)) return false;
        var segments = text[0] == '/'
            ? text[1..].Split('/').Select(s => s.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal)).ToImmutableArray()
            : [.. text.Split('.')];
        if (segments.Length > MaxDepth || segments.Any(s => s.Length == 0)) return false;
        path = new ValuePath(text, segments);
        return true;
    }

    public JsonElement? First(JsonElement root)
    {
        foreach (var value in All(root)) return value;
        return null;
    }

    public IEnumerable<JsonElement> All(JsonElement root) => Walk(root, 0);

    /// <summary>The value as text: strings as they are, numbers and booleans as written, objects and arrays as JSON.</summary>
    public static string? Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Null => "null",
        JsonValueKind.Undefined => null,
        _ => value.GetRawText(),
    };

    /// <summary>The text of a string, number or boolean there; null for anything else and for an empty string.</summary>
    public string? TextIn(JsonElement root) =>
        First(root) is { ValueKind: JsonValueKind.String or JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False } value && Text(value) is { Length: > 0 } text
            ? text
            : null;

    public bool Equals(ValuePath? other) => other is not null && Source == other.Source;

    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(Source);

    public override string ToString() => Source;

    private IEnumerable<JsonElement> Walk(JsonElement value, int depth)
    {
        if (depth == Segments.Length)
        {
            if (value.ValueKind != JsonValueKind.Undefined) yield return value;
            yield break;
        }

        var segment = Segments[depth];
        if (value.ValueKind == JsonValueKind.Object && value.TryGetProperty(segment, out var member))
        {
            foreach (var found in Walk(member, depth + 1)) yield return found;
        }
        else if (value.ValueKind == JsonValueKind.Array)
        {
            if (segment == "*")
            {
                foreach (var element in value.EnumerateArray())
                {
                    foreach (var found in Walk(element, depth + 1)) yield return found;
                }
            }
            else if (int.TryParse(segment, System.Globalization.NumberStyles.None, null, out var index) && index < value.GetArrayLength())
            {
                foreach (var found in Walk(value[index], depth + 1)) yield return found;
            }
        }
        else if (depth == Segments.Length - 1 && segment == "*" && value.ValueKind is JsonValueKind.String or JsonValueKind.Number)
        {
            yield return value;
        }
    }
}
