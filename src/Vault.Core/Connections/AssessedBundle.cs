using System.Collections.Immutable;

namespace Vault.Core.Connections;

/// <summary>A version with what it means: what no tool needs, what tools still lack.</summary>
public sealed record AssessedBundle(
    ScopeBundle Bundle,
    ImmutableArray<string> Needless,
    ImmutableArray<string> Lacking,
    ScopeDiff Against
);
