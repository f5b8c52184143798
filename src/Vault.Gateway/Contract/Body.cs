using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Vault.Core.Errors;

namespace Vault.Gateway.Contract;

/// <summary>A request body or query that fits its declaration. Absent and null read the same, except for <see cref="IsNull"/>.</summary>
internal sealed class Body
{
    private readonly Dictionary<string, JsonElement> _values;
    private readonly HashSet<string> _nulls;

    public Body(Dictionary<string, JsonElement> values, HashSet<string> nulls) => (_values, _nulls) = (values, nulls);

    public static Body Empty { get; } = new([], []);

    public bool Has(string name) => _values.ContainsKey(name);

    /// <summary>Given, and given as null: in a change that means "back to the default".</summary>
    public bool IsNull(string name) => _nulls.Contains(name);

    public string? Text(string name) => _values.TryGetValue(name, out var value) ? value.GetString() : null;

    /// <summary>Of a required field.</summary>
    public string Required(string name) => _values[name].GetString()!;

    public long? Number(string name) => _values.TryGetValue(name, out var value) ? value.GetInt64() : null;

    public bool? Flag(string name) => _values.TryGetValue(name, out var value) ? value.GetBoolean() : null;

    public DateTimeOffset? Time(string name) => _values.TryGetValue(name, out var value) ? Instants.Parse(value.GetString()!) : null;

    public ImmutableArray<string>? Texts(string name) => _values.TryGetValue(name, out var value) ? [.. value.EnumerateArray().Select(v => v.GetString()!)] : null;

    public ImmutableSortedDictionary<string, string>? Map(string name) =>
        _values.TryGetValue(name, out var value) ? value.EnumerateObject().ToImmutableSortedDictionary(p => p.Name, p => p.Value.GetString()!, StringComparer.Ordinal) : null;

    public JsonElement? Json(string name) => _values.TryGetValue(name, out var value) ? value : null;
}

internal static class Instants
{
    // RFC 3339 with an offset: a local time without one would mean another moment on every host.
    private static readonly string[] Formats = ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];

    public static bool IsValid(string text) =>
        text.Length is > 19 and <= 40 && (text.EndsWith('Z') || text[^6] is '+' or '-')
        && DateTimeOffset.TryParseExact(text, Formats, CultureInfo.InvariantCulture, DateTimeStyles.None, out _);

    public static DateTimeOffset Parse(string text) => DateTimeOffset.ParseExact(text, Formats, CultureInfo.InvariantCulture, DateTimeStyles.None).ToUniversalTime();
}

/// <summary>Checks values against their declarations and collects every fault before refusing.</summary>
internal static class BodyCheck
{
    private const int MaxList = 500;

    public static Result<Body> Read(JsonElement root, IReadOnlyList<Field> fields)
    {
        if (root.ValueKind != JsonValueKind.Object) return new VaultError(ErrorCatalogue.InvalidRequest, "The body must be a JSON object.");
        var faults = new List<Violation>();
        var values = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        var nulls = new HashSet<string>(StringComparer.Ordinal);
        var givenAs = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var property in root.EnumerateObject())
        {
            if (Find(fields, property.Name) is not { } field)
            {
                faults.Add(new(property.Name, Unknown(property.Name, fields.Select(f => f.Name))));
            }
            else if (property.Value.ValueKind == JsonValueKind.Null)
            {
                nulls.Add(field.Name);
            }
            else if (Fault(field, property.Value) is { } fault)
            {
                faults.Add(new(property.Name, fault));
            }
            else if (values.TryGetValue(field.Name, out var earlier))
            {
                if (!JsonElement.DeepEquals(earlier, property.Value)) faults.Add(new(property.Name, $"means the same as {givenAs[field.Name]} and has another value; give one of them"));
            }
            else
            {
                (values[field.Name], givenAs[field.Name]) = (property.Value, property.Name);
            }
        }

        foreach (var field in fields)
            if (field.Required && !values.ContainsKey(field.Name) && !IsNamed(field, faults))
                faults.Add(new(field.Name, "is required: " + field.Description));
        nulls.ExceptWith(values.Keys);
        return faults.Count == 0 ? new Body(values, nulls) : Refuse(faults);
    }

    private static Field? Find(IReadOnlyList<Field> fields, string name)
    {
        for (var i = 0; i < fields.Count; i++)
            if (fields[i].Name == name || fields[i].Aliases.Contains(name)) return fields[i];
        return null;
    }

    private static bool IsNamed(Field field, List<Violation> faults) => faults.Exists(f => f.Path == field.Name || field.Aliases.Contains(f.Path));

    public static VaultError Refuse(IReadOnlyList<Violation> faults) =>
        new(ErrorCatalogue.InvalidRequest, string.Join("; ", faults.Take(10).Select(f => $"{f.Path}: {f.Message}"))) { Violations = [.. faults.Take(50)] };

    public static string Unknown(string name, IEnumerable<string> known)
    {
        var list = known.ToList();
        return list.Count == 0 ? "unknown; nothing is taken here" : "unknown; there are " + string.Join(", ", list);
    }

    /// <summary>What is wrong with a value, with the fix; never the value itself.</summary>
    private static string? Fault(Field field, JsonElement value) => field.Kind switch
    {
        FieldKind.Text when value.ValueKind != JsonValueKind.String => "must be a text",
        FieldKind.Text => TextFault(field, value.GetString()!),
        FieldKind.Time when value.ValueKind != JsonValueKind.String || !Instants.IsValid(value.GetString()!) => "must be an RFC 3339 time with its offset, for example 2026-01-31T12:00:00Z",
        FieldKind.Integer when value.ValueKind != JsonValueKind.Number || !value.TryGetInt64(out var number) || number < field.Min || number > field.Max => $"must be a whole number from {field.Min} to {field.Max}",
        FieldKind.Boolean when value.ValueKind is not (JsonValueKind.True or JsonValueKind.False) => "must be true or false",
        FieldKind.TextList when value.ValueKind != JsonValueKind.Array || value.EnumerateArray().Any(v => v.ValueKind != JsonValueKind.String) => "must be a list of texts",
        FieldKind.TextList when value.GetArrayLength() > MaxList => $"has more than {MaxList} entries",
        FieldKind.TextList => value.EnumerateArray().Select(v => TextFault(field, v.GetString()!)).FirstOrDefault(f => f is not null),
        FieldKind.TextMap when value.ValueKind != JsonValueKind.Object || value.EnumerateObject().Any(p => p.Value.ValueKind != JsonValueKind.String) => "must be an object whose values are texts",
        FieldKind.Object or FieldKind.Credential when value.ValueKind != JsonValueKind.Object => "must be an object",
        _ => null,
    };

    private static string? TextFault(Field field, string text)
    {
        if (text.Length > field.MaxLength) return $"has more than {field.MaxLength} characters";
        if (text.Contains('\0', StringComparison.Ordinal) || !IsWellFormed(text)) return "has characters that are not allowed";
        return field.Values.Count > 0 && !field.Values.Contains(text) ? "must be one of " + string.Join(", ", field.Values) : null;
    }

    private static bool IsWellFormed(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1])) i++;
            else if (char.IsSurrogate(text[i])) return false;
        }

        return true;
    }
}
