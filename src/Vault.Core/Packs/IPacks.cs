using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Vault.Core.Errors;

namespace Vault.Core.Packs;

/// <summary>
/// The loaded packs. A change replaces the whole set; a running operation keeps the pack it started with.
/// </summary>
public interface IPacks
{
    IReadOnlyCollection<ProviderPack> All { get; }

    bool TryGet(string providerId, [NotNullWhen(true)] out ProviderPack? pack);

    /// <summary>Finds a tool by name, with its pack and its compiled input schema.</summary>
    bool TryGetTool(string name, [NotNullWhen(true)] out Tool? tool);

    /// <summary>
    /// Finds a tool for the accounts of a provider: one of the provider's own tools, or one from another pack
    /// (<c>tools_of</c>) that runs with this provider's address and credential.
    /// </summary>
    bool TryGetTool(string name, string providerId, [NotNullWhen(true)] out Tool? tool) =>
        TryGetTool(name, out tool) && tool.Pack.Id == providerId;

    /// <summary>Finds a version of a tool: the current one, or an earlier one that its pack still has.</summary>
    bool TryGetVersion(string name, string version, [NotNullWhen(true)] out Tool? tool) =>
        TryGetTool(name, out tool) && tool.Definition.Version == version;

    /// <summary>The other providers whose accounts may run a tool.</summary>
    IReadOnlyList<string> CompatibleProviders(Tool tool) => [];

    /// <summary>Loads changed packs on this host now. Other hosts load them within seconds.</summary>
    Task RefreshAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Full-text search over names and descriptions, best match first.</summary>
    /// <param name="query">The search words; an empty query lists all tools by name.</param>
    /// <param name="provider">Only this provider's tools; null for all.</param>
    /// <param name="limit">The maximum number of results.</param>
    /// <param name="visible">The tools the caller may see; null for all. A hidden tool does not count against the
    /// limit.</param>
    IReadOnlyList<Tool> Search(string query, string? provider, int limit, Func<Tool, bool>? visible = null);
}

/// <summary>Reads a pack from JSON. For an invalid pack it returns all faults, not only the first.</summary>
public interface IPackReader
{
    PackReading Read(ReadOnlyMemory<byte> json, string source);
}

/// <param name="Pack">Null exactly when there are faults.</param>
/// <param name="Faults">The path is a JSON pointer, with the line if it is known.</param>
public sealed record PackReading(ProviderPack? Pack, ImmutableArray<Violation> Faults);

/// <summary>A tool that can run: its pack, its definition and its compiled schema.</summary>
public sealed record Tool(ProviderPack Pack, ToolDefinition Definition, IInputSchema Schema);

/// <summary>A compiled JSON Schema.</summary>
public interface IInputSchema
{
    /// <summary>The violations, a limited number, each with its JSON pointer; empty when the input is valid.</summary>
    IReadOnlyList<Violation> Validate(JsonElement input);

    /// <summary>
    /// The input as the schema means it: without a null for a member that is not required and may not be null, and with
    /// integers written as such (5.0 becomes 5). The same element where nothing changes.
    /// </summary>
    JsonElement Normalize(JsonElement input) => input;
}
