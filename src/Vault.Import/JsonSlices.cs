using System.Text.Json;

namespace Vault.Import;

/// <summary>
/// A large JSON document that is parsed only in part: one pass records where the values of the first levels begin and
/// end, and each value is parsed on demand. A description of 60 MB needs its bytes and this index, not a tree.
/// </summary>
internal sealed class JsonSlices
{
    /// <summary><c>/components/schemas/Name</c> and <c>/paths/{path}/get</c> have three levels.</summary>
    private const int Levels = 3;

    public const int MaxDepth = 128;

    private const int MaxKept = 512;

    /// <summary>
    /// The beta API of Microsoft Graph, with 22,000 operations, has a fifth of this number. Without a limit, tens of
    /// millions of tiny members would need gigabytes for the index.
    /// </summary>
    private const int MaxParts = 500_000;

    private readonly ReadOnlyMemory<byte> _json;
    private readonly Dictionary<string, (int Start, int Length)> _at = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<string>> _members = new(StringComparer.Ordinal);
    private readonly Dictionary<string, JsonElement> _read = new(StringComparer.Ordinal);

    /// <exception cref="JsonException">Not JSON, or nested deeper than 128 levels.</exception>
    public JsonSlices(ReadOnlyMemory<byte> json)
    {
        _json = json;
        Index();
    }

    /// <summary>
    /// The names of an object's members in document order; empty if there is no such object within the first levels.
    /// </summary>
    public IReadOnlyList<string> Members(string pointer) => _members.TryGetValue(pointer, out var names) ? names : [];

    public bool Has(string pointer) => _at.ContainsKey(pointer);

    public static string Child(string pointer, string name) =>
        pointer + "/" + name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);

    /// <summary>The value at a JSON pointer of any depth; undefined if there is none.</summary>
    public JsonElement Read(string pointer)
    {
        if (_read.TryGetValue(pointer, out var known))
            return known;
        if (!_at.TryGetValue(pointer, out var slice))
            return Below(pointer);
        var reader = new Utf8JsonReader(
            _json.Span.Slice(slice.Start, slice.Length),
            new JsonReaderOptions { MaxDepth = MaxDepth }
        );
        var value = JsonElement.ParseValue(ref reader);
        // Clear the whole cache: a value that is needed again is parsed again.
        if (_read.Count >= MaxKept)
            _read.Clear();
        _read[pointer] = value;
        return value;
    }

    public string? Text(string pointer) =>
        Read(pointer) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    private JsonElement Below(string pointer)
    {
        var cut = pointer.LastIndexOf('/');
        // No description is that deep, and each step up is a recursive call.
        if (cut < 0 || pointer.AsSpan().Count('/') > MaxDepth)
            return default;
        var parent = Read(pointer[..cut]);
        var name = pointer[(cut + 1)..]
            .Replace("~1", "/", StringComparison.Ordinal)
            .Replace("~0", "~", StringComparison.Ordinal);
        return parent.ValueKind switch
        {
            JsonValueKind.Object when parent.TryGetProperty(name, out var member) => member,
            JsonValueKind.Array when int.TryParse(name, out var i) && i >= 0 && i < parent.GetArrayLength() => parent[
                i
            ],
            _ => default,
        };
    }

    private void Index()
    {
        var reader = new Utf8JsonReader(_json.Span, new JsonReaderOptions { MaxDepth = MaxDepth });
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new JsonException("not an object");
        Object(ref reader, "", 0);
        while (reader.Read()) { }
    }

    private void Object(ref Utf8JsonReader reader, string pointer, int level)
    {
        var names = new List<string>();
        _members[pointer] = names;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            var at = Child(pointer, name);
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            if (reader.TokenType == JsonTokenType.StartObject && level + 1 < Levels)
                Object(ref reader, at, level + 1);
            else
                reader.Skip();
            // The first of duplicate members counts; RFC 8259 leaves the choice open.
            if (_at.Count >= MaxParts)
                throw new FormatException($"has more than {MaxParts} members in its first three levels, the maximum");
            if (_at.TryAdd(at, (start, (int)reader.BytesConsumed - start)))
                names.Add(name);
        }
    }
}
