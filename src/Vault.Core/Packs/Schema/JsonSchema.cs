using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Vault.Core.Errors;

namespace Vault.Core.Packs.Schema;

/// <summary>
/// A compiled JSON Schema: the subset of 2020-12 that tool inputs need. It is compiled once into a tree that validates
/// a <see cref="JsonElement"/> without a copy. Compiling rejects every keyword outside the subset; validation never
/// ignores one.
/// </summary>
/// <remarks>
/// This is not a library, because the available ones either parse each input again into another object model
/// (Newtonsoft) or have a commercial licence. Every execution validates its input, so this is on the hot path.
/// </remarks>
public sealed class JsonSchema : IInputSchema
{
    /// <summary>The maximum number of reported violations.</summary>
    public const int MaxViolations = 20;

    private readonly SchemaNode _root;

    private readonly bool _formats;

    internal JsonSchema(SchemaNode root, bool formats) => (_root, _formats) = (root, formats);

    /// <summary>Compiles a schema. Each fault names its position in the schema by JSON pointer.</summary>
    /// <param name="closed">Objects with listed properties reject unknown ones by default, as tool inputs
    /// should.</param>
    public static bool TryCompile(
        JsonElement schema,
        bool closed,
        [NotNullWhen(true)] out JsonSchema? compiled,
        out ImmutableArray<Violation> faults
    ) => TryCompile(schema, closed, assertFormats: false, out compiled, out faults);

    /// <inheritdoc cref="TryCompile(JsonElement, bool, out JsonSchema?, out ImmutableArray{Violation})"/>
    /// <param name="assertFormats">Whether validation checks formats; they are annotations otherwise.</param>
    public static bool TryCompile(
        JsonElement schema,
        bool closed,
        bool assertFormats,
        [NotNullWhen(true)] out JsonSchema? compiled,
        out ImmutableArray<Violation> faults
    )
    {
        var compiler = new SchemaCompiler(schema, closed);
        var root = compiler.Compile();
        faults = compiler.Faults;
        compiled = faults.Length == 0 ? new JsonSchema(root, assertFormats) : null;
        return compiled is not null;
    }

    public IReadOnlyList<Violation> Validate(JsonElement input)
    {
        var report = new SchemaReport(MaxViolations) { ChecksFormats = _formats };
        _root.Check(input, report);
        return report.Violations;
    }

    public JsonElement Normalize(JsonElement input) => SchemaNormalizer.Normalize(_root, input);
}

/// <summary>Collects violations and tracks the current position in the input.</summary>
internal sealed class SchemaReport(int limit)
{
    private readonly List<string> _path = [];
    private List<Violation>? _violations;

    public IReadOnlyList<Violation> Violations => _violations ?? (IReadOnlyList<Violation>)[];

    public bool IsFull => _violations is { } v && v.Count >= limit;

    public bool IsClean => _violations is null;

    /// <summary>Whether a format is an assertion.</summary>
    public bool ChecksFormats { get; init; }

    public int Depth => _path.Count;

    public void Enter(string segment) => _path.Add(segment);

    public void Leave() => _path.RemoveAt(_path.Count - 1);

    public void Add(string message)
    {
        if (!IsFull)
            (_violations ??= []).Add(new Violation(Pointer(), message));
    }

    /// <summary>A separate report at the same position, for branches that may fail. It has its own limit.</summary>
    public SchemaReport Fork(int violations)
    {
        var fork = new SchemaReport(violations) { ChecksFormats = ChecksFormats };
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
