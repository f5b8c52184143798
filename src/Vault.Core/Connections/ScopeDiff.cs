using System.Collections.Immutable;

namespace Vault.Core.Connections;

/// <summary>What changes from one list of scopes to another.</summary>
/// <param name="ToolsLost">Tools of the connection that ran with the first and do not with the second.</param>
public sealed record ScopeDiff(
    ImmutableArray<string> Added,
    ImmutableArray<string> Removed,
    ImmutableArray<string> ToolsGained,
    ImmutableArray<string> ToolsLost
);
