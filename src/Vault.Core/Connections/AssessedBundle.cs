using System.Collections.Immutable;

namespace Vault.Core.Connections;

/// <summary>A version of the scopes, the scopes no tool needs, and the scopes that tools still lack.</summary>
public sealed record AssessedBundle(
    ScopeBundle Bundle,
    ImmutableArray<string> Needless,
    ImmutableArray<string> Lacking,
    ScopeDiff Against
);
