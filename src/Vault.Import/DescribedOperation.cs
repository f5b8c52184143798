using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Vault.Core.Packs;

namespace Vault.Import;

/// <summary>One operation of a document in any format; its schemas stay in the document's format.</summary>
internal sealed record DescribedOperation
{
    public required string Method { get; init; }

    /// <summary>With parameters in braces, relative to <see cref="Server"/>.</summary>
    public required string Path { get; init; }

    /// <summary>The base URL of the path; null or without a host for the provider's API address.</summary>
    public string? Server { get; init; }

    public string? Id { get; init; }

    public string? Summary { get; init; }

    public string? Description { get; init; }

    public string? DocsUrl { get; init; }

    public bool Deprecated { get; init; }

    public ImmutableArray<string> Tags { get; init; } = [];

    public ImmutableArray<DescribedParameter> Parameters { get; init; } = [];

    /// <summary>Optional parts that the tool does not have, each with the reason; shown with the import.</summary>
    public ImmutableArray<string> LeftOut { get; init; } = [];

    public DescribedBody? Body { get; init; }

    public ImmutableArray<ImmutableArray<string>> Scopes { get; init; } = [];

    /// <summary>The effect that the document states.</summary>
    public Effect? Annotated { get; init; }

    public string Accept { get; init; } = "application/json";

    /// <summary>Constant parts of the body (the text of a GraphQL query).</summary>
    public ImmutableArray<(string At, JsonNode Value)> Constants { get; init; } = [];

    /// <summary>
    /// The position in the body of parameters with <see cref="ParameterPlace.Body"/>; empty for its root.
    /// </summary>
    public string BodyPrefix { get; init; } = "";

    /// <summary>Why it cannot become a tool.</summary>
    public Refusal? Refusal { get; init; }

    /// <summary>A label for lists, if method and path do not identify the operation.</summary>
    public string? Label { get; init; }

    public string Where => Label ?? Method + " " + Path;
}

internal enum ParameterPlace
{
    Path,
    Query,
    Header,
    Body,
}

/// <param name="Form">The form in the pack format (<c>comma</c>, <c>space</c>, <c>pipe</c>, <c>json</c>); null for
/// auto.</param>
/// <param name="Fits">Whether the pack format can express its serialization; an optional parameter that it cannot is
/// left out.</param>
internal sealed record DescribedParameter(
    string Name,
    ParameterPlace In,
    bool Required,
    JsonElement Schema,
    string? Form = null,
    string? Description = null,
    bool Fits = true,
    bool DeepObject = false
);

/// <param name="Encoding">How properties of a form or multipart body are serialized (OpenAPI's <c>encoding</c>).</param>
internal sealed record DescribedBody(
    BodyFormat Format,
    string? MediaType,
    JsonElement Schema,
    bool Required,
    string? Description,
    ImmutableSortedDictionary<string, PropertyEncoding> Encoding
)
{
    public static ImmutableSortedDictionary<string, PropertyEncoding> Plain { get; } =
        ImmutableSortedDictionary<string, PropertyEncoding>.Empty;
}

/// <summary>One entry of <c>encoding</c>; null for what it does not say.</summary>
internal sealed record PropertyEncoding(string? Style, bool? Explode, string? ContentType);

internal sealed record Refusal(string Reason, string Detail);

/// <summary>The reasons why an operation does not become a tool; a closed list, so that they can be counted.</summary>
internal static class Reasons
{
    public const string Method = "method";
    public const string Deprecated = "deprecated";
    public const string NotAsked = "not_asked_for";
    public const string AlreadyThere = "already_there";
    public const string Host = "host_not_covered";
    public const string Cookie = "cookie_parameter";
    public const string Parameter = "parameter_not_expressible";
    public const string Callback = "callback";
    public const string BodyMedia = "body_media_type";
    public const string Body = "body_not_expressible";
    public const string Multipart = "multipart_file_mapping";
    public const string Answer = "answer_stream";
    public const string Security = "security_scheme";
    public const string Reference = "unresolved_reference";
    public const string Budget = "schema_over_budget";
    public const string GetActs = "get_that_changes";
    public const string Schema = "schema_not_expressible";
    public const string Pack = "refused_by_pack_format";
    public const string Subscription = "subscription";
    public const string Unknown = "not_in_schema";
}

/// <summary>An operation uses something that a tool cannot express; caught where the operation is converted.</summary>
internal sealed class NotExpressibleException(string reason, string detail) : Exception(detail)
{
    public Refusal Refusal { get; } = new(reason, detail);
}
