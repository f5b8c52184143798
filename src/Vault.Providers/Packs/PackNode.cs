using System.Collections.Immutable;
using System.Text.Json;
using Vault.Core.Errors;
using Vault.Core.Templates;

namespace Vault.Providers.Packs;

/// <summary>Collects every fault of one pack.</summary>
/// <param name="lines">Built on the first fault: most packs have none, and the index costs as much as reading the
/// pack.</param>
internal sealed class PackFaults(Lazy<LineIndex> lines)
{
    public const int Max = 100;

    private readonly List<Violation> _faults = [];

    public ImmutableArray<Violation> All => [.. _faults];

    public bool Any => _faults.Count > 0;

    public void Add(string pointer, string message)
    {
        if (_faults.Count < Max)
            _faults.Add(new Violation(pointer, $"line {lines.Value.Of(pointer)}: {message}"));
    }
}

/// <summary>
/// Strict reader of one object in a pack: each member is checked for its type when it is read, and <see cref="Done"/>
/// reports every member that was not read. An invalid value is reported and treated as absent, so that reading
/// continues to the next fault.
/// </summary>
internal sealed class PackNode(JsonElement value, string pointer, PackFaults faults)
{
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);

    public JsonElement Value => value;

    public string Pointer => pointer;

    public PackFaults Faults => faults;

    public string At(string name) => $"{pointer}/{LineIndex.Escape(name)}";

    public bool Has(string name) => value.TryGetProperty(name, out _);

    public void Fault(string name, string message) => faults.Add(name.Length == 0 ? pointer : At(name), message);

    public JsonElement? Raw(string name)
    {
        _read.Add(name);
        return value.TryGetProperty(name, out var member) && member.ValueKind != JsonValueKind.Null ? member : null;
    }

    public string? Text(string name, bool required = false)
    {
        if (Raw(name) is not { } member)
        {
            if (required)
                faults.Add(At(name), "is missing; it is a required string");
            return null;
        }

        if (member.ValueKind == JsonValueKind.String && member.GetString() is { Length: > 0 } text)
            return text;
        faults.Add(At(name), "must be a non-empty string");
        return null;
    }

    public bool Flag(string name, bool otherwise = false)
    {
        if (Raw(name) is not { } member)
            return otherwise;
        if (member.ValueKind is JsonValueKind.True or JsonValueKind.False)
            return member.GetBoolean();
        faults.Add(At(name), "must be true or false");
        return otherwise;
    }

    public int? Integer(string name, int minimum = 0)
    {
        if (Raw(name) is not { } member)
            return null;
        if (member.ValueKind == JsonValueKind.Number && member.TryGetInt32(out var number) && number >= minimum)
            return number;
        faults.Add(At(name), $"must be an integer from {minimum}");
        return null;
    }

    public TimeSpan? Seconds(string name, int minimum = 1) =>
        Integer(name, minimum) is { } seconds ? TimeSpan.FromSeconds(seconds) : null;

    public T Choice<T>(string name, T otherwise, IReadOnlyDictionary<string, T> choices, bool required = false)
    {
        var text = Text(name, required);
        if (text is null)
            return otherwise;
        if (choices.TryGetValue(text, out var choice))
            return choice;
        faults.Add(At(name), $"is '{text}'; use " + string.Join(", ", choices.Keys));
        return otherwise;
    }

    public ValuePath? Path(string name, bool required = false)
    {
        if (Text(name, required) is not { } text)
            return null;
        if (ValuePath.TryParse(text, out var path))
            return path;
        faults.Add(At(name), $"'{text}' is not a path; write names joined by dots, or a JSON pointer");
        return null;
    }

    public PackNode? Object(string name, bool required = false)
    {
        if (Raw(name) is not { } member)
        {
            if (required)
                faults.Add(At(name), "is missing; it is a required object");
            return null;
        }

        if (member.ValueKind == JsonValueKind.Object)
            return new PackNode(member, At(name), faults);
        faults.Add(At(name), "must be an object");
        return null;
    }

    public ImmutableArray<PackNode> Objects(string name)
    {
        var nodes = ImmutableArray.CreateBuilder<PackNode>();
        foreach (var (element, at) in Elements(name))
        {
            if (element.ValueKind == JsonValueKind.Object)
                nodes.Add(new PackNode(element, at, faults));
            else
                faults.Add(at, "must be an object");
        }

        return nodes.ToImmutable();
    }

    /// <summary>The members of an object, each with the pointer to its value.</summary>
    public IEnumerable<(string Name, JsonElement Value, string At)> Members(string name)
    {
        var node = Object(name);
        return node is null ? [] : node.Value.EnumerateObject().Select(m => (m.Name, m.Value, node.At(m.Name)));
    }

    public ImmutableArray<string> Texts(string name) => [.. TextsWithPlace(name).Select(t => t.Text)];

    public ImmutableArray<(string Text, string At)> TextsWithPlace(string name)
    {
        var texts = ImmutableArray.CreateBuilder<(string, string)>();
        foreach (var (element, at) in Elements(name))
        {
            if (element.ValueKind == JsonValueKind.String && element.GetString() is { Length: > 0 } text)
                texts.Add((text, at));
            else
                faults.Add(at, "must be a non-empty string");
        }

        return texts.ToImmutable();
    }

    public ImmutableSortedDictionary<string, string> TextMap(string name)
    {
        var map = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var (member, element, at) in Members(name))
        {
            if (element.ValueKind == JsonValueKind.String)
                map[member] = element.GetString()!;
            else
                faults.Add(at, "must be a string");
        }

        return map.ToImmutable();
    }

    public IEnumerable<(JsonElement Value, string At)> Elements(string name)
    {
        if (Raw(name) is not { } member)
            return [];
        if (member.ValueKind == JsonValueKind.Array)
            return member.EnumerateArray().Select((element, i) => (element, $"{At(name)}/{i}"));
        faults.Add(At(name), "must be a list");
        return [];
    }

    /// <summary>Reports the members that were not read.</summary>
    public void Done()
    {
        foreach (var member in value.EnumerateObject())
        {
            if (_read.Contains(member.Name))
                continue;
            faults.Add(
                At(member.Name),
                "is unknown here; known: " + string.Join(", ", _read.Order(StringComparer.Ordinal))
            );
        }
    }
}
