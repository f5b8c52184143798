using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Vault.Core.Packs;

namespace Vault.Import;

/// <summary>
/// A GraphQL schema with named operations from its user: each operation becomes a tool, its variables the inputs, its
/// text a constant. A model can run only these operations, not queries of its own.
/// </summary>
internal sealed class GraphQlDescription : IDescription
{
    private readonly GraphQlSchema _schema;
    private readonly GraphQlOperations _operations;
    private readonly string _endpoint;

    /// <exception cref="FormatException">The schema or the operations are not valid GraphQL; the message has the
    /// line.</exception>
    public GraphQlDescription(JsonSlices document)
    {
        var given = document.Read("/schema");
        try
        {
            _schema =
                given.ValueKind == JsonValueKind.String
                    ? GraphQlSchema.Read(given.GetString()!)
                    : GraphQlSchema.Read(given);
        }
        catch (Exception e) when (e is InvalidOperationException or KeyNotFoundException or ArgumentNullException)
        {
            throw new FormatException("schema is neither a string nor an introspection", e);
        }

        _operations = new GraphQlOperations(document.Text("/operations") ?? "");
        _endpoint = document.Text("/endpoint") ?? "/graphql";
    }

    public string Format => "graphql";

    public string Title => "GraphQL operations";

    public string? Server => null;

    public JsonElement Resolve(string reference) => _schema.Resolve(reference);

    public IEnumerable<(string Method, string Path, string? Id)> Names() =>
        _operations.All.Select(o => (o.Kind, o.Name, (string?)o.Name));

    public IEnumerable<DescribedOperation> Operations() => _operations.All.Select(Read);

    private DescribedOperation Read(GraphQlOperation operation)
    {
        var plain = new DescribedOperation
        {
            Method = "POST",
            Path = _endpoint,
            Label = $"{operation.Kind} {operation.Name}",
            Id = operation.Name,
            Summary = operation.Comment,
            Tags = [operation.Kind],
            Annotated = operation.Kind == "query" ? Effect.Read : null,
        };
        if (operation.Kind == "subscription")
            return plain with { Refusal = new Refusal(Reasons.Subscription, "subscriptions are not supported") };
        if (_schema.Find(_schema.Roots[operation.Kind]) is not { } root)
            return plain with { Refusal = new Refusal(Reasons.Unknown, $"the schema has no {operation.Kind}") };
        if (_operations.Fault(operation, _schema, root) is { } fault)
            return plain with { Refusal = new Refusal(Reasons.Unknown, fault) };
        var unknown = operation
            .Variables.Select(v => v.Type.Trim('[', ']', '!'))
            .FirstOrDefault(t =>
                t is not ("String" or "ID" or "Int" or "Float" or "Boolean") && _schema.Find(t) is null
            );
        if (unknown is not null)
            return plain with { Refusal = new Refusal(Reasons.Unknown, $"there is no type '{unknown}'") };
        if (_operations.Text(operation) is not { } text)
            return plain with
            {
                Refusal = new Refusal(
                    Reasons.Budget,
                    $"with its fragments it has more than {GraphQlOperations.MaxText} characters"
                ),
            };
        return plain with
        {
            Summary = operation.Comment ?? SummaryOf(operation, root),
            Parameters =
            [
                .. operation.Variables.Select(v => new DescribedParameter(
                    v.Name,
                    ParameterPlace.Body,
                    v.Type.EndsWith('!') && !v.HasDefault,
                    JsonSerializer.SerializeToElement(_schema.Schema(v.Type))
                )),
            ],
            Constants = [("query", JsonValue.Create(text))],
            BodyPrefix = "variables.",
        };
    }

    /// <summary>The schema's descriptions of the operation's root fields.</summary>
    private static string? SummaryOf(GraphQlOperation operation, GraphQlType root) =>
        string.Join(' ', operation.Fields.Select(f => root.Fields.GetValueOrDefault(f)?.Description).OfType<string>())
            is { Length: > 0 } text
            ? text
            : null;
}

/// <param name="Fields">The fields of its root.</param>
/// <param name="Comment">The comment lines directly above it.</param>
internal sealed record GraphQlOperation(
    string Kind,
    string Name,
    ImmutableArray<(string Name, string Type, bool HasDefault)> Variables,
    ImmutableArray<string> Fields,
    GraphQlSelection Selection,
    string Source,
    string? Comment
);

/// <param name="On">The type of a fragment; null for a field.</param>
/// <param name="Spread">The name of a fragment.</param>
internal sealed record GraphQlSelection(
    string? Field,
    string? On,
    string? Spread,
    ImmutableArray<GraphQlSelection> Inner
);
