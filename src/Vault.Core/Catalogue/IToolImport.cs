using System.Collections.Immutable;
using Vault.Core.Errors;

namespace Vault.Core.Catalogue;

/// <summary>
/// Makes tools of a provider from a published description of its API. It only plans: nothing is kept and nothing is
/// called. Operations that cannot be expressed as a tool are refused one by one, each with its reason.
/// </summary>
public interface IToolImport
{
    /// <param name="request">For which provider, and which operations.</param>
    /// <param name="document">OpenAPI 3 or Swagger 2 (JSON or YAML), a Google Discovery document, or <c>{"schema": …,
    /// "operations": …}</c> for GraphQL.</param>
    /// <param name="previous">The tool set of the same name as it stands, verbatim; null for none. Names given once are
    /// kept.</param>
    Result<ImportPlan> Plan(ImportRequest request, ReadOnlyMemory<byte> document, string? previous);

    /// <summary>
    /// What stays of a tool set that is deleted: no tools, but which names and versions were given, so that an import
    /// under the same name never gives one a second meaning.
    /// </summary>
    byte[] MarkRemoved(string set, string by, DateTimeOffset at);
}

public sealed record ImportRequest
{
    /// <summary>Bytes of the largest document that is read.</summary>
    public const int MaxDocument = 64 * 1024 * 1024;

    /// <summary>
    /// A provider that is known, or the id of a new one whose pack is then made from the document's security schemes.
    /// </summary>
    public required string Provider { get; init; }

    /// <summary>The name of the set of tools within the provider: importing under the same name replaces it.</summary>
    public string Set { get; init; } = "imported";

    /// <summary>Only operations with one of these tags; empty for all.</summary>
    public ImmutableArray<string> Tags { get; init; } = [];

    /// <summary>Only paths that begin with one of these; empty for all.</summary>
    public ImmutableArray<string> Paths { get; init; } = [];

    /// <summary>Also what the document calls deprecated.</summary>
    public bool Deprecated { get; init; }
}

/// <summary>How a tool differs from the set as it stands.</summary>
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

/// <param name="Reason">One of a closed list of words, for counting.</param>
public sealed record SkippedOperation(string Operation, string Reason, string Detail);

/// <summary>
/// What an import would add. <see cref="Digest"/> names exactly this outcome, so that what is applied is what was
/// looked at.
/// </summary>
public sealed record ImportPlan
{
    /// <summary>For example <c>openapi 3.0.3</c>.</summary>
    public required string Format { get; init; }

    public required string Title { get; init; }

    public required int Operations { get; init; }

    public required ImmutableArray<ImportedTool> Tools { get; init; }

    /// <summary>Names of the set as it stands that it would no longer have.</summary>
    public required ImmutableArray<string> Removed { get; init; }

    public required ImmutableArray<SkippedOperation> Skipped { get; init; }

    public required ImmutableArray<string> Notes { get; init; }

    /// <summary>The row's id: <c>provider+set</c>.</summary>
    public required string SetId { get; init; }

    /// <summary>The tool set, ready to be kept.</summary>
    public required byte[] Set { get; init; }

    /// <summary>The pack of a provider that is not known yet; null where it is.</summary>
    public byte[]? NewPack { get; init; }

    /// <summary>SHA-256 over what would be kept, in hex.</summary>
    public required string Digest { get; init; }
}
