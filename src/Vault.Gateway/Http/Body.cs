using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Vault.Core.Errors;

namespace Vault.Gateway.Http;

/// <summary>
/// A request body or query that was checked against its declaration. Absent and null read the same, except for
/// <see cref="IsNull"/>.
/// </summary>
internal sealed class Body
{
    private readonly IReadOnlyList<Field> _fields;
    private readonly JsonElement[] _values;
    private readonly bool[] _nulls;

    /// <param name="fields">The declaration.</param>
    /// <param name="values">A value per field; undefined where it is absent or null.</param>
    /// <param name="nulls">Per field, whether it was given as null.</param>
    public Body(IReadOnlyList<Field> fields, JsonElement[] values, bool[] nulls) =>
        (_fields, _values, _nulls) = (fields, values, nulls);

    public static Body Empty { get; } = new([], [], []);

    public bool Has(string name) => TryGet(name, out _);

    /// <summary>The field was given as null: a change resets it to its default.</summary>
    public bool IsNull(string name)
    {
        for (var i = 0; i < _fields.Count; i++)
            if (_fields[i].Name == name)
                return _nulls[i];
        return false;
    }

    public string? Text(string name) => TryGet(name, out var value) ? value.GetString() : null;

    /// <summary>Reads a required field.</summary>
    public string Required(string name) =>
        TryGet(name, out var value)
            ? value.GetString()!
            : throw new InvalidOperationException($"The field {name} is not required.");

    public long? Number(string name) => TryGet(name, out var value) ? value.GetInt64() : null;

    public bool? Flag(string name) => TryGet(name, out var value) ? value.GetBoolean() : null;

    public DateTimeOffset? Time(string name) => TryGet(name, out var value) ? Instants.Parse(value.GetString()!) : null;

    public ImmutableArray<string>? Texts(string name) =>
        TryGet(name, out var value) ? [.. value.EnumerateArray().Select(v => v.GetString()!)] : null;

    public ImmutableSortedDictionary<string, string>? Map(string name) =>
        TryGet(name, out var value)
            ? value
                .EnumerateObject()
                .ToImmutableSortedDictionary(p => p.Name, p => p.Value.GetString()!, StringComparer.Ordinal)
            : null;

    public JsonElement? Json(string name) => TryGet(name, out var value) ? value : null;

    // A declaration has at most a dozen fields: a linear search is faster than a dictionary for each request.
    private bool TryGet(string name, out JsonElement value)
    {
        for (var i = 0; i < _fields.Count; i++)
        {
            if (_fields[i].Name != name)
                continue;
            value = _values[i];
            return value.ValueKind != JsonValueKind.Undefined;
        }

        value = default;
        return false;
    }
}

internal static class Instants
{
    // RFC 3339 with an offset: a local time without one would mean a different instant on each host.
    private static readonly string[] Formats = ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];

    public static bool IsValid(string text) =>
        text.Length is > 19 and <= 40
        && (text.EndsWith('Z') || text[^6] is '+' or '-')
        && DateTimeOffset.TryParseExact(text, Formats, CultureInfo.InvariantCulture, DateTimeStyles.None, out _);

    public static DateTimeOffset Parse(string text) =>
        DateTimeOffset.ParseExact(text, Formats, CultureInfo.InvariantCulture, DateTimeStyles.None).ToUniversalTime();
}

/// <summary>Checks values against their declarations and collects all faults.</summary>
internal static class BodyCheck
{
    private const int MaxList = 500;

    public static Result<Body> Read(JsonElement root, IReadOnlyList<Field> fields)
    {
        if (root.ValueKind != JsonValueKind.Object)
            return new VaultError(ErrorCatalogue.InvalidRequest, "The body must be a JSON object.");
        List<Violation>? faults = null;
        var values = new JsonElement[fields.Count];
        var nulls = new bool[fields.Count];
        string?[]? givenAs = null;
        foreach (var property in root.EnumerateObject())
        {
            var at = Find(fields, property);
            if (at < 0)
            {
                (faults ??= []).Add(new(property.Name, Unknown(property.Name, fields.Select(f => f.Name))));
            }
            else if (property.Value.ValueKind == JsonValueKind.Null)
            {
                nulls[at] = true;
            }
            else if (Fault(fields[at], property.Value) is { } fault)
            {
                (faults ??= []).Add(new(property.Name, fault));
            }
            else if (values[at].ValueKind != JsonValueKind.Undefined)
            {
                if (!JsonElement.DeepEquals(values[at], property.Value))
                    (faults ??= []).Add(
                        new(
                            property.Name,
                            $"is an alias of {givenAs?[at] ?? fields[at].Name} and has another value; give one of them"
                        )
                    );
            }
            else
            {
                values[at] = property.Value;
                if (!property.NameEquals(fields[at].Name))
                    (givenAs ??= new string?[fields.Count])[at] = property.Name;
            }
        }

        for (var i = 0; i < fields.Count; i++)
        {
            if (values[i].ValueKind != JsonValueKind.Undefined)
                nulls[i] = false;
            else if (fields[i].Required && !IsNamed(fields[i], faults))
                (faults ??= []).Add(new(fields[i].Name, "is required: " + fields[i].Description));
        }

        return faults is null ? new Body(fields, values, nulls) : Refuse(faults);
    }

    private static int Find(IReadOnlyList<Field> fields, JsonProperty property)
    {
        for (var i = 0; i < fields.Count; i++)
        {
            if (property.NameEquals(fields[i].Name))
                return i;
            var aliases = fields[i].Aliases;
            for (var a = 0; a < aliases.Count; a++)
                if (property.NameEquals(aliases[a]))
                    return i;
        }

        return -1;
    }

    private static bool IsNamed(Field field, List<Violation>? faults) =>
        faults is not null && faults.Exists(f => f.Path == field.Name || field.Aliases.Contains(f.Path));

    public static VaultError Refuse(IReadOnlyList<Violation> faults) =>
        new(ErrorCatalogue.InvalidRequest, string.Join("; ", faults.Take(10).Select(f => $"{f.Path}: {f.Message}")))
        {
            Violations = [.. faults.Take(50)],
        };

    public static string Unknown(string name, IEnumerable<string> known)
    {
        var list = known.ToList();
        return list.Count == 0 ? "unknown; none are accepted here" : "unknown; accepted are " + string.Join(", ", list);
    }

    /// <summary>Describes the fault and its fix; never repeats the value.</summary>
    private static string? Fault(Field field, JsonElement value) =>
        field.Kind switch
        {
            FieldKind.Text when value.ValueKind != JsonValueKind.String => "must be a string",
            FieldKind.Text => TextFault(field, value.GetString()!),
            FieldKind.Time when value.ValueKind != JsonValueKind.String || !Instants.IsValid(value.GetString()!) =>
                "must be an RFC 3339 time with its offset, for example 2026-01-31T12:00:00Z",
            FieldKind.Integer
                when value.ValueKind != JsonValueKind.Number
                    || !value.TryGetInt64(out var number)
                    || number < field.Min
                    || number > field.Max => $"must be an integer from {field.Min} to {field.Max}",
            FieldKind.Boolean when value.ValueKind is not (JsonValueKind.True or JsonValueKind.False) =>
                "must be true or false",
            FieldKind.TextList
                when value.ValueKind != JsonValueKind.Array
                    || value.EnumerateArray().Any(v => v.ValueKind != JsonValueKind.String) =>
                "must be a list of strings",
            FieldKind.TextList when value.GetArrayLength() > MaxList => $"has more than {MaxList} entries",
            FieldKind.TextList => ListFault(field, value),
            FieldKind.TextMap
                when value.ValueKind != JsonValueKind.Object
                    || value.EnumerateObject().Any(p => p.Value.ValueKind != JsonValueKind.String) =>
                "must be an object whose values are strings",
            FieldKind.Object or FieldKind.Credential when value.ValueKind != JsonValueKind.Object =>
                "must be an object",
            _ => null,
        };

    private static string? ListFault(Field field, JsonElement list)
    {
        foreach (var text in list.EnumerateArray())
            if (TextFault(field, text.GetString()!) is { } fault)
                return fault;
        return null;
    }

    private static string? TextFault(Field field, string text)
    {
        if (text.Length > field.MaxLength)
            return $"has more than {field.MaxLength} characters";
        if (text.Contains('\0', StringComparison.Ordinal) || !IsWellFormed(text))
            return "has characters that are not allowed";
        return field.Values.Count > 0 && !field.Values.Contains(text)
            ? "must be one of " + string.Join(", ", field.Values)
            : null;
    }

    private static bool IsWellFormed(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
                i++;
            else if (char.IsSurrogate(text[i]))
                return false;
        }

        return true;
    }
}
