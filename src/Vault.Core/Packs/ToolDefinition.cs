using System.Collections.Immutable;
using System.Text.Json;

namespace Vault.Core.Packs;

public enum Effect
{
    Read,
    Write,
    Destructive,
}

/// <summary>Whether a call may be sent again after its response was lost.</summary>
public enum Idempotency
{
    /// <summary>A second call may act twice.</summary>
    None,

    /// <summary>The operation is idempotent: a repeated call has no further effect.</summary>
    Natural,

    /// <summary>Idempotent through a key that the vault sends (the execution id).</summary>
    Key,
}

/// <summary>The required scopes: every group must be met, and any scope of a group meets it.</summary>
/// <remarks>
/// An empty list requires nothing. A pack lists wider scopes as alternatives of a group, or declares once what a scope
/// includes (<see cref="ScopeImplications"/>).
/// </remarks>
public sealed record ScopeRequirement(ImmutableArray<ImmutableArray<string>> AllOf)
{
    public static ScopeRequirement None { get; } = new(ImmutableArray<ImmutableArray<string>>.Empty);

    /// <summary>The first (narrowest) scope of every group that the granted scopes do not meet.</summary>
    public ImmutableArray<string> Missing(ImmutableArray<string> granted, ScopeImplications? implies = null)
    {
        ImmutableArray<string>.Builder? missing = null;
        foreach (var group in AllOf)
            if (Met(group, granted, implies) is null)
                (missing ??= ImmutableArray.CreateBuilder<string>()).Add(group[0]);
        return missing?.ToImmutable() ?? [];
    }

    /// <summary>The granted scopes that this requirement relies on.</summary>
    public ImmutableArray<string> Used(ImmutableArray<string> granted, ScopeImplications? implies = null)
    {
        ImmutableArray<string> used = [];
        foreach (var group in AllOf)
            if (Met(group, granted, implies) is { } scope && !used.Contains(scope))
                used = used.Add(scope);
        return used;
    }

    private static string? Met(ImmutableArray<string> group, ImmutableArray<string> granted, ScopeImplications? implies)
    {
        foreach (var scope in group)
            if (granted.Contains(scope))
                return scope;
        if (implies is not null)
            foreach (var scope in group)
                if (implies.Includer(granted, scope) is { } wider)
                    return wider;
        return null;
    }
}

/// <summary>One operation of a provider, as data. A definition contains no code (law 9).</summary>
public sealed record ToolDefinition
{
    /// <summary><c>provider_verb_noun</c>, stable, at most 64 characters of a-z, 0-9 and '_'.</summary>
    public required string Name { get; init; }

    public required string Version { get; init; }

    public required string Description { get; init; }

    /// <summary>What people also call it, for the search only.</summary>
    public ImmutableArray<string> AlsoSaidAs { get; init; } = [];

    public required Effect Effect { get; init; }

    public required Idempotency Idempotency { get; init; }

    public required ScopeRequirement Scopes { get; init; }

    /// <summary>JSON Schema (2020-12 subset) of the input.</summary>
    public required JsonElement InputSchema { get; init; }

    /// <summary>
    /// Whether the formats of <see cref="InputSchema"/> are checked. Otherwise they are annotations (JSON Schema
    /// 2020-12
    /// 7.2.1), because providers accept other forms than the formats allow.
    /// </summary>
    public bool AssertFormats { get; init; }

    /// <summary>
    /// How the input becomes an HTTP request and how the response is read; used by Vault.Providers only.
    /// </summary>
    public required ToolRequest Request { get; init; }

    public string? DocsUrl { get; init; }

    public Deprecation? Deprecated { get; init; }

    /// <summary>The provider's rate limit for the tool; null when unknown.</summary>
    public RateClass? Rate { get; init; }
}
