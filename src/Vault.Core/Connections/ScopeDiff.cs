using System.Collections.Immutable;

namespace Vault.Core.Connections;

/// <summary>The difference between two lists of scopes.</summary>
/// <param name="ToolsLost">The connection's tools that can run with the first list and not with the second.</param>
public sealed record ScopeDiff(
    ImmutableArray<string> Added,
    ImmutableArray<string> Removed,
    ImmutableArray<string> ToolsGained,
    ImmutableArray<string> ToolsLost
);
