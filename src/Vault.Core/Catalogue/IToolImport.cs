using System.Collections.Immutable;
using Vault.Core.Errors;

namespace Vault.Core.Catalogue;

/// <summary>
/// Plans tools of a provider from a published description of its API. A plan stores nothing and makes no call. An
/// operation that cannot be expressed as a tool is skipped with its reason.
/// </summary>
public interface IToolImport
{
    /// <param name="request">The provider and the selected operations.</param>
    /// <param name="document">OpenAPI 3 or Swagger 2 (JSON or YAML), a Google Discovery document, or <c>{"schema": …,
    /// "operations": …}</c> for GraphQL.</param>
    /// <param name="previous">The stored tool set of the same name, verbatim; null for none. Its tool names are
    /// kept.</param>
    Result<ImportPlan> Plan(ImportRequest request, ReadOnlyMemory<byte> document, string? previous);

    /// <summary>
    /// The tombstone of a deleted tool set. It has no tools, but the used names and versions, so that a later import
    /// under the same name never reuses one for another tool.
    /// </summary>
    byte[] MarkRemoved(string set, string by, DateTimeOffset at);
}

public sealed record ImportRequest
{
    /// <summary>The maximum size of a document in bytes.</summary>
    public const int MaxDocument = 64 * 1024 * 1024;

    /// <summary>
    /// A known provider, or the id of a new one. The pack of a new provider is generated from the document's security
    /// schemes.
    /// </summary>
    public required string Provider { get; init; }

    /// <summary>The name of the tool set within the provider. An import under the same name replaces it.</summary>
    public string Set { get; init; } = "imported";

    /// <summary>Only operations with one of these tags; empty for all.</summary>
    public ImmutableArray<string> Tags { get; init; } = [];

    /// <summary>Only paths with one of these prefixes; empty for all.</summary>
    public ImmutableArray<string> Paths { get; init; } = [];

    /// <summary>Whether to include deprecated operations.</summary>
    public bool Deprecated { get; init; }
}

/// <summary>How a tool differs from the stored set.</summary>
public enum ImportChange
{
    Added,
    Changed,
    Unchanged,
}

public sealed record ImportedTool(
    string Name,
    string Operation,
    Packs.Effect Effect,
    ImmutableArray<ImmutableArray<string>> Scopes,
    int SchemaBytes,
    ImportChange Change
);

/// <param name="Reason">One of a fixed list of codes, for counting.</param>
public sealed record SkippedOperation(string Operation, string Reason, string Detail);

/// <summary>
/// The result of an import before it is applied. <see cref="Digest"/> identifies exactly this result, so that the
/// applied plan is the reviewed one.
/// </summary>
public sealed record ImportPlan
{
    /// <summary>For example <c>openapi 3.0.3</c>.</summary>
    public required string Format { get; init; }

    public required string Title { get; init; }

    public required int Operations { get; init; }

    public required ImmutableArray<ImportedTool> Tools { get; init; }

    /// <summary>Tool names of the stored set that the new set would no longer have.</summary>
    public required ImmutableArray<string> Removed { get; init; }

    public required ImmutableArray<SkippedOperation> Skipped { get; init; }

    public required ImmutableArray<string> Notes { get; init; }

    /// <summary>The row's id: <c>provider+set</c>.</summary>
    public required string SetId { get; init; }

    /// <summary>The tool set to store.</summary>
    public required byte[] Set { get; init; }

    /// <summary>The pack of a new provider; null for a known one.</summary>
    public byte[]? NewPack { get; init; }

    /// <summary>SHA-256 over the data to store, in hex.</summary>
    public required string Digest { get; init; }
}
