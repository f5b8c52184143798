using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Vault.Core.Errors;

namespace Vault.Core.Packs;

/// <summary>
/// The packs loaded now. A change swaps the whole set; a holder of a pack keeps the one it started with.
/// </summary>
public interface IPacks
{
    IReadOnlyCollection<ProviderPack> All { get; }

    bool TryGet(string providerId, [NotNullWhen(true)] out ProviderPack? pack);

    /// <summary>A tool by its name, with its pack and its compiled input schema.</summary>
    bool TryGetTool(string name, [NotNullWhen(true)] out Tool? tool);

    /// <summary>
    /// A tool as the accounts of a provider run it: its own, or one that its pack takes over (<c>tools_of</c>), with
    /// that provider's address and credential.
    /// </summary>
    bool TryGetTool(string name, string providerId, [NotNullWhen(true)] out Tool? tool) =>
        TryGetTool(name, out tool) && tool.Pack.Id == providerId;

    /// <summary>The other providers whose accounts may run a tool.</summary>
    IReadOnlyList<string> CompatibleProviders(Tool tool) => [];

    /// <summary>Takes up a change of the stored packs now, on this host; others look for it within seconds.</summary>
    Task RefreshAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Full-text search over names and descriptions, best first.</summary>
    /// <param name="query">Words; none lists in order of name.</param>
    /// <param name="provider">Only its tools; null for all.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="visible">Which tools the caller may see; null for all. A hidden tool takes no place of the
    /// limit.</param>
    IReadOnlyList<Tool> Search(string query, string? provider, int limit, Func<Tool, bool>? visible = null);
}

/// <summary>Reads a pack from JSON; a wrong one comes back as every place and reason, not the first only.</summary>
public interface IPackReader
{
    PackReading Read(ReadOnlyMemory<byte> json, string source);
}

/// <param name="Pack">Null exactly when there are faults.</param>
/// <param name="Faults">Path is a JSON pointer, with the line where it can be told.</param>
public sealed record PackReading(ProviderPack? Pack, ImmutableArray<Violation> Faults);

/// <summary>A tool ready to run: definition, owner and compiled schema.</summary>
public sealed record Tool(ProviderPack Pack, ToolDefinition Definition, IInputSchema Schema);

/// <summary>A compiled JSON Schema.</summary>
public interface IInputSchema
{
    /// <summary>Every violation (bounded), each with its JSON pointer; empty when the input fits.</summary>
    IReadOnlyList<Violation> Validate(JsonElement input);
}
