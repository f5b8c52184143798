using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Vault.Core.Templates;

/// <summary>
/// A path in a JSON value: names joined by dots (<c>authed_user.access_token</c>), or a JSON pointer with a leading
/// slash (for names with dots: <c>/@odata.nextLink</c>). <c>*</c> matches every element of an array, digits match one
/// element. <c>|</c> separates alternatives: the first existing one is used.
/// </summary>
public sealed record ValuePath
{
    public const int MaxDepth = 16;

    private readonly ValuePath? _otherwise;

    private ValuePath(string source, ImmutableArray<string> segments, ValuePath? otherwise) =>
        (Source, Segments, _otherwise) = (source, segments, otherwise);

    public string Source { get; }

    /// <summary>The segments of the first alternative.</summary>
    public ImmutableArray<string> Segments { get; }

    public bool HasAlternatives => _otherwise is not null;

    public static ValuePath Parse(string text) =>
        TryParse(text, out var path) ? path : throw new FormatException("Not a path: " + text);

    public static bool TryParse(string? text, [NotNullWhen(true)] out ValuePath? path)
    {
        path = null;
        if (string.IsNullOrEmpty(text) || text.Any(char.IsControl))
            return false;
        ValuePath? otherwise = null;
        var source = text;
        if (text.IndexOf('|', StringComparison.Ordinal) is var bar and >= 0)
        {
            if (!TryParse(text[(bar + 1)..], out otherwise))
                return false;
            text = text[..bar];
            if (text.Length == 0)
                return false;
        }

        var segments =
            text[0] == '/'
                ? text[1..]
                    .Split('/')
                    .Select(s =>
                        s.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal)
                    )
                    .ToImmutableArray()
                : [.. text.Split('.')];
        if (segments.Length > MaxDepth || segments.Any(s => s.Length == 0))
            return false;
        path = new ValuePath(source, segments, otherwise);
        return true;
    }

    /// <summary>
    /// The fast path without an iterator, for a path without alternatives that leads only through objects: true with
    /// the single value, or with undefined when there is none. False when the path needs a search.
    /// </summary>
    public bool TryOne(JsonElement root, out JsonElement value)
    {
        value = default;
        if (_otherwise is not null)
            return false;
        foreach (var segment in Segments)
        {
            if (root.ValueKind != JsonValueKind.Object)
                return root.ValueKind is not JsonValueKind.Array && segment != "*";
            if (!root.TryGetProperty(segment, out root))
                return true;
        }

        value = root;
        return true;
    }

    public JsonElement? First(JsonElement root)
    {
        if (TryOne(root, out var one))
            return one.ValueKind == JsonValueKind.Undefined ? null : one;
        foreach (var value in All(root))
            return value;
        return null;
    }

    public IEnumerable<JsonElement> All(JsonElement root)
    {
        var any = false;
        foreach (var value in Walk(root, 0))
        {
            // A null does not end the search for an alternative: providers write null for "not here".
            if (_otherwise is not null && value.ValueKind == JsonValueKind.Null)
                continue;
            any = true;
            yield return value;
        }

        if (any || _otherwise is null)
            yield break;
        foreach (var value in _otherwise.All(root))
            yield return value;
    }

    /// <summary>
    /// The value as text: a string unquoted, a number or boolean as written, an object or array as JSON.
    /// </summary>
    public static string? Text(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.String => value.GetString(),
            JsonValueKind.Null => "null",
            JsonValueKind.Undefined => null,
            _ => value.GetRawText(),
        };

    /// <summary>
    /// The text of a string, number or boolean at the path; null for anything else and for an empty string.
    /// </summary>
    public string? TextIn(JsonElement root) =>
        First(root)
            is {
                ValueKind: JsonValueKind.String or JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False
            } value
        && Text(value) is { Length: > 0 } text
            ? text
            : null;

    public bool Equals(ValuePath? other) => other is not null && Source == other.Source;

    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(Source);

    public override string ToString() => Source;

    private IEnumerable<JsonElement> Walk(JsonElement value, int depth)
    {
        if (depth == Segments.Length)
        {
            if (value.ValueKind != JsonValueKind.Undefined)
                yield return value;
            yield break;
        }

        var segment = Segments[depth];
        if (value.ValueKind == JsonValueKind.Object && value.TryGetProperty(segment, out var member))
        {
            foreach (var found in Walk(member, depth + 1))
                yield return found;
        }
        else if (value.ValueKind == JsonValueKind.Array)
        {
            if (segment == "*")
            {
                foreach (var element in value.EnumerateArray())
                {
                    foreach (var found in Walk(element, depth + 1))
                        yield return found;
                }
            }
            else if (
                int.TryParse(segment, System.Globalization.NumberStyles.None, null, out var index)
                && index < value.GetArrayLength()
            )
            {
                foreach (var found in Walk(value[index], depth + 1))
                    yield return found;
            }
        }
        else if (
            depth == Segments.Length - 1
            && segment == "*"
            && value.ValueKind is JsonValueKind.String or JsonValueKind.Number
        )
        {
            yield return value;
        }
    }
}
