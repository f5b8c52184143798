using System.Collections.Immutable;

namespace Vault.Import;

/// <summary>Parses named operations and fragments and keeps their text.</summary>
internal sealed class GraphQlOperations
{
    /// <summary>
    /// Maximum characters of an operation with its fragments. The text is sent with every call, and a fragment counts
    /// in each operation that uses it.
    /// </summary>
    public const int MaxText = 32 * 1024;

    private readonly Dictionary<string, (string On, GraphQlSelection Selection, string Source)> _fragments = new(
        StringComparer.Ordinal
    );
    private readonly List<GraphQlOperation> _operations = [];
    private readonly HashSet<(string, string)> _names = [];
    private readonly string _source;

    /// <exception cref="FormatException">Not valid GraphQL, or an operation without a name.</exception>
    public GraphQlOperations(string source)
    {
        _source = source;
        var tokens = new GraphQlTokens(source);
        while (tokens.Current.Kind != GraphQlKind.End)
        {
            if (tokens.Is("{"))
                throw tokens.Wrong("an operation has no name, and a tool needs one: query Name { … }");
            var start = tokens.Current.Start;
            var kind = tokens.Name();
            if (kind == "fragment")
                Fragment(tokens, start);
            else if (kind is "query" or "mutation" or "subscription")
                Operation(tokens, kind, start);
            else
                throw tokens.Wrong($"'{kind}' does not begin an operation");
        }

        if (_operations.Count == 0)
            throw new FormatException("there is no named operation; write one: query Name { … }");
    }

    public IReadOnlyList<GraphQlOperation> All => _operations;

    /// <summary>The operation with every fragment it uses.</summary>
    /// <returns>Null if that exceeds <see cref="MaxText"/>.</returns>
    public string? Text(GraphQlOperation operation)
    {
        var needed = new SortedSet<string>(StringComparer.Ordinal);
        Collect(operation.Selection);
        if (needed.Sum(n => (long)_fragments[n].Source.Length + 1) + operation.Source.Length > MaxText)
            return null;
        return string.Join("\n", needed.Select(n => _fragments[n].Source).Prepend(operation.Source));

        void Collect(GraphQlSelection selection)
        {
            if (selection.Spread is { } name && _fragments.TryGetValue(name, out var fragment) && needed.Add(name))
                Collect(fragment.Selection);
            foreach (var inner in selection.Inner)
                Collect(inner);
        }
    }

    /// <summary>
    /// The first field, fragment or type of the operation that the schema lacks; null if there is none.
    /// </summary>
    public string? Fault(GraphQlOperation operation, GraphQlSchema schema, GraphQlType root)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        return Check(operation.Selection, root, 0);

        string? Check(GraphQlSelection selection, GraphQlType type, int depth)
        {
            if (depth > GraphQlTokens.MaxDepth)
                return "it is nested too deeply";
            foreach (var one in selection.Inner)
            {
                if (one.Spread is { } name)
                {
                    if (!_fragments.TryGetValue(name, out var fragment))
                        return $"there is no fragment '{name}'";
                    if (seen.Add(name) && Into(fragment.Selection, fragment.On) is { } inFragment)
                        return inFragment;
                }
                else if (one.Field is null)
                {
                    if (Into(one, one.On ?? type.Name) is { } inline)
                        return inline;
                }
                else if (!one.Field.StartsWith("__", StringComparison.Ordinal))
                {
                    if (!type.Fields.TryGetValue(one.Field, out var field))
                        return $"'{type.Name}' has no field '{one.Field}'";
                    if (one.Inner.Length > 0 && Into(one, field.Type.Trim('[', ']', '!')) is { } below)
                        return below;
                }
            }

            return null;

            string? Into(GraphQlSelection inner, string on) =>
                schema.Find(on) is { } target ? Check(inner, target, depth + 1) : $"there is no type '{on}'";
        }
    }

    private void Fragment(GraphQlTokens tokens, int start)
    {
        var name = tokens.Name();
        tokens.Expect("on");
        var on = tokens.Name();
        tokens.SkipDirectives();
        var (selection, end) = Selection(tokens, new GraphQlSelection(null, on, null, []), 0);
        _fragments[name] = (on, selection, tokens.Slice(start, end));
    }

    private void Operation(GraphQlTokens tokens, string kind, int start)
    {
        if (tokens.Current.Kind != GraphQlKind.Name)
            throw tokens.Wrong($"a {kind} has no name, and a tool needs one");
        var name = tokens.Name();
        var variables = ImmutableArray.CreateBuilder<(string, string, bool)>();
        if (tokens.Take("("))
        {
            while (!tokens.Take(")"))
            {
                tokens.Expect("$");
                var variable = tokens.Name();
                tokens.Expect(":");
                var type = tokens.Type();
                var standard = tokens.Take("=");
                if (standard)
                    tokens.SkipValue();
                tokens.SkipDirectives();
                variables.Add((variable, type, standard));
            }
        }

        tokens.SkipDirectives();
        var (selection, end) = Selection(tokens, new GraphQlSelection(null, null, null, []), 0);
        if (!_names.Add((kind, name)))
            throw tokens.Wrong($"'{name}' is defined twice");
        _operations.Add(
            new GraphQlOperation(
                kind,
                name,
                variables.ToImmutable(),
                [.. selection.Inner.Select(s => s.Field).OfType<string>()],
                selection,
                tokens.Slice(start, end),
                Comment(start)
            )
        );
    }

    private static (GraphQlSelection Selection, int End) Selection(GraphQlTokens tokens, GraphQlSelection of, int depth)
    {
        if (depth > GraphQlTokens.MaxDepth)
            throw tokens.Wrong("nested too deeply");
        if (!tokens.Is("{"))
            throw tokens.Wrong("'{' is expected");
        tokens.Next();
        var inner = ImmutableArray.CreateBuilder<GraphQlSelection>();
        while (!tokens.Is("}"))
            inner.Add(One(tokens, depth + 1));
        var end = tokens.Current.End;
        tokens.Next();
        return (of with { Inner = inner.ToImmutable() }, end);
    }

    private static GraphQlSelection One(GraphQlTokens tokens, int depth)
    {
        GraphQlSelection one;
        if (tokens.Take("..."))
        {
            if (tokens.Current.Kind == GraphQlKind.Name && !tokens.Is("on"))
            {
                one = new GraphQlSelection(null, null, tokens.Name(), []);
                tokens.SkipDirectives();
                return one;
            }

            one = new GraphQlSelection(null, tokens.Take("on") ? tokens.Name() : null, null, []);
            tokens.SkipDirectives();
            return Selection(tokens, one, depth).Selection;
        }

        var name = tokens.Name();
        if (tokens.Take(":"))
            name = tokens.Name();
        if (tokens.Is("("))
            tokens.SkipGroup();
        tokens.SkipDirectives();
        one = new GraphQlSelection(name, null, null, []);
        return tokens.Is("{") ? Selection(tokens, one, depth).Selection : one;
    }

    /// <summary>The comment lines directly above, read backwards, so that distant text costs nothing.</summary>
    private string? Comment(int start)
    {
        var lines = new List<string>();
        for (var end = start == 0 ? -1 : _source.LastIndexOf('\n', start - 1); end > 0 && lines.Count < 20; )
        {
            var begin = _source.LastIndexOf('\n', end - 1) + 1;
            var line = _source[begin..end].Trim();
            if (!line.StartsWith('#'))
                break;
            lines.Insert(0, line.TrimStart('#').Trim());
            end = begin - 1;
        }

        return lines.Count == 0 ? null : string.Join(' ', lines);
    }
}
