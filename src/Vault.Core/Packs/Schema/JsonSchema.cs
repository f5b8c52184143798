using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Vault.Core.Errors;

namespace Vault.Core.Packs.Schema;

/// <summary>
/// A compiled JSON Schema: the subset of 2020-12 that tool inputs need, read once into a tree that walks a
/// <see cref="JsonElement"/> as it is. What the subset lacks is refused when the schema is compiled, never ignored when
/// an input is checked.
/// </summary>
/// <remarks>
/// Own code, because the libraries the package feed offers either parse the input a second time into another object
/// model on every call (Newtonsoft) or carry a commercial licence; execution checks every input, so this is on the hot
/// path.
/// </remarks>
public sealed class JsonSchema : IInputSchema
{
    /// <summary>More than this many violations help nobody.</summary>
    public const int MaxViolations = 20;

    private readonly SchemaNode _root;

    internal JsonSchema(SchemaNode root) => _root = root;

    /// <summary>Compiles; faults name the schema's own places by JSON pointer.</summary>
    /// <param name="closed">Objects that list properties refuse unknown ones unless they say otherwise: right for tool
    /// inputs.</param>
    public static bool TryCompile(
        JsonElement schema,
        bool closed,
        [NotNullWhen(true)] out JsonSchema? compiled,
        out ImmutableArray<Violation> faults
    )
    {
        var compiler = new SchemaCompiler(schema, closed);
        var root = compiler.Compile();
        faults = compiler.Faults;
        compiled = faults.Length == 0 ? new JsonSchema(root) : null;
        return compiled is not null;
    }

    public IReadOnlyList<Violation> Validate(JsonElement input)
    {
        var report = new SchemaReport(MaxViolations);
        _root.Check(input, report);
        return report.Violations;
    }
}

/// <summary>Collects violations and knows where the walk stands.</summary>
internal sealed class SchemaReport(int limit)
{
    private readonly List<string> _path = [];
    private List<Violation>? _violations;

    public IReadOnlyList<Violation> Violations => _violations ?? (IReadOnlyList<Violation>)[];

    public bool IsFull => _violations is { } v && v.Count >= limit;

    public bool IsClean => _violations is null;

    public int Depth => _path.Count;

    public void Enter(string segment) => _path.Add(segment);

    public void Leave() => _path.RemoveAt(_path.Count - 1);

    public void Add(string message)
    {
        if (!IsFull)
            (_violations ??= []).Add(new Violation(Pointer(), message));
    }

    /// <summary>A side report at the same place, for branches that may fail; it stops at the first violation.</summary>
    public SchemaReport Fork(int violations)
    {
        var fork = new SchemaReport(violations);
        fork._path.AddRange(_path);
        return fork;
    }

    public void Take(SchemaReport other)
    {
        foreach (var violation in other.Violations)
        {
            if (IsFull)
                return;
            (_violations ??= []).Add(violation);
        }
    }

    private string Pointer() =>
        string.Concat(
            _path.Select(s =>
                "/" + s.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)
            )
        );
}
