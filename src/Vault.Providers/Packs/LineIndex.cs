using System.Text;
using System.Text.Json;

namespace Vault.Providers.Packs;

/// <summary>
/// Maps the JSON pointer of every value of a document to its line, and lists duplicate members. One pass, no tree.
/// </summary>
internal sealed class LineIndex
{
    private readonly Dictionary<string, int> _lines = new(StringComparer.Ordinal);
    private readonly List<string> _duplicates = [];

    /// <summary>Pointers of members that repeat an earlier member of their object.</summary>
    public IReadOnlyList<string> Duplicates => _duplicates;

    /// <summary>The line of the value, or of its nearest existing ancestor.</summary>
    public int Of(string pointer)
    {
        for (var at = pointer; ; at = at[..at.LastIndexOf('/')])
        {
            if (_lines.TryGetValue(at, out var line))
                return line;
            if (at.Length == 0)
                return 1;
        }
    }

    public static string Escape(string name) =>
        name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);

    /// <exception cref="JsonException">Not JSON; the exception has the line.</exception>
    public static LineIndex Build(ReadOnlySpan<byte> json)
    {
        var index = new LineIndex();
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 64 });
        var lines = new LineCounter();
        var stack = new Stack<Frame>();
        string? name = null;
        while (reader.Read())
        {
            var line = lines.At(json, (int)reader.TokenStartIndex);
            switch (reader.TokenType)
            {
                case JsonTokenType.PropertyName:
                    name = reader.GetString()!;
                    if (!stack.Peek().Names!.Add(name))
                        index._duplicates.Add($"{stack.Peek().Pointer}/{Escape(name)}");
                    break;
                case JsonTokenType.EndObject or JsonTokenType.EndArray:
                    stack.Pop();
                    break;
                default:
                    var pointer = stack.TryPeek(out var parent)
                        ? $"{parent.Pointer}/{(name is null ? parent.Next() : Escape(name))}"
                        : "";
                    name = null;
                    index._lines.TryAdd(pointer, line);
                    if (reader.TokenType == JsonTokenType.StartObject)
                        stack.Push(new Frame(pointer, new HashSet<string>(StringComparer.Ordinal)));
                    else if (reader.TokenType == JsonTokenType.StartArray)
                        stack.Push(new Frame(pointer, null));
                    break;
            }
        }

        return index;
    }

    private sealed class Frame(string pointer, HashSet<string>? names)
    {
        private int _next;

        public string Pointer => pointer;

        public HashSet<string>? Names => names;

        public string Next() => (_next++).ToString(System.Globalization.CultureInfo.InvariantCulture);
    }

    private struct LineCounter
    {
        private int _offset;
        private int _line;

        public int At(ReadOnlySpan<byte> json, int offset)
        {
            _line += json[_offset..offset].Count((byte)'\n');
            _offset = offset;
            return _line + 1;
        }
    }
}
