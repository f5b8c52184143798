using System.Collections.Immutable;
using System.Text.Json;

namespace Vault.Core.Packs;

public enum Effect
{
    Read,
    Write,
    Destructive,
}

/// <summary>Whether a call may be sent again when its reply was lost.</summary>
public enum Idempotency
{
    /// <summary>A second call may act twice.</summary>
    None,

    /// <summary>By nature: the same call again changes nothing more.</summary>
    Natural,

    /// <summary>Through a key the vault sends (the execution id).</summary>
    Key,
}

/// <summary>Scopes that suffice: every group must be met, a group is met by any of its scopes.</summary>
/// <remarks>
/// An empty list asks for nothing. Scopes are compared exactly; a pack lists wider scopes as alternatives of a group.
/// </remarks>
public sealed record ScopeRequirement(ImmutableArray<ImmutableArray<string>> AllOf)
{
    public static ScopeRequirement None { get; } = new(ImmutableArray<ImmutableArray<string>>.Empty);

    /// <summary>The first (least) scope of every group that the granted ones do not meet.</summary>
    public ImmutableArray<string> Missing(ImmutableArray<string> granted)
    {
        ImmutableArray<string>.Builder? missing = null;
        foreach (var group in AllOf)
            if (Met(group, granted) is null)
                (missing ??= ImmutableArray.CreateBuilder<string>()).Add(group[0]);
        return missing?.ToImmutable() ?? [];
    }

    /// <summary>The granted scopes that this requirement relies on.</summary>
    public ImmutableArray<string> Used(ImmutableArray<string> granted)
    {
        ImmutableArray<string> used = [];
        foreach (var group in AllOf)
            if (Met(group, granted) is { } scope && !used.Contains(scope))
                used = used.Add(scope);
        return used;
    }

    private static string? Met(ImmutableArray<string> group, ImmutableArray<string> granted)
    {
        foreach (var scope in group)
            if (granted.Contains(scope))
                return scope;
        return null;
    }
}

/// <summary>One operation of a provider, as data. No code comes from a definition (law 9).</summary>
public sealed record ToolDefinition
{
    /// <summary><c>provider_verb_noun</c>, stable, at most 64 characters of a-z, 0-9 and '_'.</summary>
    public required string Name { get; init; }

    public required string Version { get; init; }

    public required string Description { get; init; }

    public required Effect Effect { get; init; }

    public required Idempotency Idempotency { get; init; }

    public required ScopeRequirement Scopes { get; init; }

    /// <summary>JSON Schema (2020-12 subset) of the input.</summary>
    public required JsonElement InputSchema { get; init; }

    /// <summary>
    /// How the input becomes an HTTP request and how the answer is read; used by Vault.Providers only.
    /// </summary>
    public required ToolRequest Request { get; init; }

    public string? DocsUrl { get; init; }

    public Deprecation? Deprecated { get; init; }

    /// <summary>What the provider counts it with; null where nothing is known.</summary>
    public RateClass? Rate { get; init; }
}
