namespace Vault.Sandbox.Grants;

/// <summary>The state of one grant at a moment, without tokens.</summary>
public sealed record GrantSnapshot
{
    public required string GrantId { get; init; }

    public required string ClientId { get; init; }

    public required string Subject { get; init; }

    public required IReadOnlyList<string> Scopes { get; init; }

    public required bool Alive { get; init; }

    public string? DeathReason { get; init; }

    /// <summary>Refreshes that issued tokens.</summary>
    public int Refreshes { get; init; }

    /// <summary>Refreshes that reached the family, accepted or not.</summary>
    public int RefreshAttempts { get; init; }

    /// <summary>How often a used refresh token was presented, within a grace window or not.</summary>
    public int RefreshReplays { get; init; }

    public int MaxConcurrentTokenCalls { get; init; }

    public int LiveAccessTokens { get; init; }
}
