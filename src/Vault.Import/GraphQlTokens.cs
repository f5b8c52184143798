using System.Text;

namespace Vault.Import;

internal enum GraphQlKind
{
    End,
    Name,
    Mark,
    Text,
    Number,
}

internal readonly record struct GraphQlToken(GraphQlKind Kind, string Text, int Start, int End);

/// <summary>
/// The tokens of a GraphQL document
/// (https://spec.graphql.org/October2021/#sec-Appendix-Grammar-Summary.Lexical-Tokens), one at a time.
/// </summary>
internal sealed class GraphQlTokens
{
    /// <summary>
    /// Maximum nesting: the parsers recurse for each level, and a stack overflow would end the process.
    /// </summary>
    public const int MaxDepth = 64;

    private readonly string _source;
    private int _at;

    public GraphQlTokens(string source)
    {
        _source = source;
        Next();
    }

    public GraphQlToken Current { get; private set; }

    public bool Is(string mark) => Current.Kind is GraphQlKind.Mark or GraphQlKind.Name && Current.Text == mark;

    public bool Take(string mark)
    {
        if (!Is(mark))
            return false;
        Next();
        return true;
    }

    public void Expect(string mark)
    {
        if (!Take(mark))
            throw Wrong($"'{mark}' is expected");
    }

    public string Name()
    {
        if (Current.Kind != GraphQlKind.Name)
            throw Wrong("a name is expected");
        var name = Current.Text;
        Next();
        return name;
    }

    /// <summary>Skips a bracket and everything up to its counterpart.</summary>
    public void SkipGroup()
    {
        var depth = 0;
        do
        {
            if (Current.Kind == GraphQlKind.End)
                throw Wrong("a bracket has no counterpart");
            if (Current.Kind == GraphQlKind.Mark && Current.Text is "(" or "{" or "[")
                depth++;
            if (Current.Kind == GraphQlKind.Mark && Current.Text is ")" or "}" or "]")
                depth--;
            Next();
        } while (depth > 0);
    }

    public void SkipValue()
    {
        if (Is("[") || Is("{"))
            SkipGroup();
        else if (Take("$"))
            Name();
        else
            Next();
    }

    public void SkipDirectives()
    {
        while (Take("@"))
        {
            Name();
            if (Is("("))
                SkipGroup();
        }
    }

    /// <summary>A type as written, without whitespace: <c>[Order!]!</c>.</summary>
    public string Type(int depth = 0)
    {
        if (depth > MaxDepth)
            throw Wrong("nested too deeply");
        string type;
        if (Take("["))
        {
            type = "[" + Type(depth + 1) + "]";
            Expect("]");
        }
        else
            type = Name();

        return Take("!") ? type + "!" : type;
    }

    public string Slice(int start, int end) => _source[start..end];

    public FormatException Wrong(string what) =>
        new($"line {_source.AsSpan(0, Math.Min(Current.Start, _source.Length)).Count('\n') + 1}: {what}");

    public void Next()
    {
        while (_at < _source.Length && (char.IsWhiteSpace(_source[_at]) || _source[_at] is ',' or '\uFEFF' or '#'))
        {
            if (_source[_at] == '#')
                while (_at < _source.Length && _source[_at] != '\n')
                    _at++;
            else
                _at++;
        }

        var start = _at;
        if (_at >= _source.Length)
        {
            Current = new GraphQlToken(GraphQlKind.End, "", start, start);
            return;
        }

        var c = _source[_at];
        if (char.IsAsciiLetter(c) || c == '_')
        {
            while (_at < _source.Length && (char.IsAsciiLetterOrDigit(_source[_at]) || _source[_at] == '_'))
                _at++;
            Current = new GraphQlToken(GraphQlKind.Name, _source[start.._at], start, _at);
        }
        else if (char.IsAsciiDigit(c) || c == '-')
        {
            _at++;
            while (
                _at < _source.Length && (char.IsAsciiLetterOrDigit(_source[_at]) || _source[_at] is '.' or '+' or '-')
            )
                _at++;
            Current = new GraphQlToken(GraphQlKind.Number, _source[start.._at], start, _at);
        }
        else if (c == '"')
            Current = new GraphQlToken(GraphQlKind.Text, Quoted(), start, _at);
        else if (string.CompareOrdinal(_source, _at, "...", 0, 3) == 0)
        {
            _at += 3;
            Current = new GraphQlToken(GraphQlKind.Mark, "...", start, _at);
        }
        else
            Current = new GraphQlToken(GraphQlKind.Mark, _source[_at++].ToString(), start, _at);
    }

    private string Quoted()
    {
        if (string.CompareOrdinal(_source, _at, "\"\"\"", 0, 3) == 0)
        {
            var from = _at + 3;
            var end = _source.IndexOf("\"\"\"", from, StringComparison.Ordinal);
            while (end > 0 && _source[end - 1] == '\\')
                end = _source.IndexOf("\"\"\"", end + 3, StringComparison.Ordinal);
            if (end < 0)
                throw Wrong("a string has no end");
            _at = end + 3;
            return _source[from..end].Replace("\\\"\"\"", "\"\"\"", StringComparison.Ordinal).Trim();
        }

        var text = new StringBuilder();
        for (_at++; _at < _source.Length && _source[_at] != '"' && _source[_at] != '\n'; _at++)
        {
            if (_source[_at] == '\\' && _at + 1 < _source.Length)
                _at++;
            text.Append(_source[_at]);
        }

        if (_at >= _source.Length || _source[_at] != '"')
            throw Wrong("a string has no end");
        _at++;
        return text.ToString();
    }
}
