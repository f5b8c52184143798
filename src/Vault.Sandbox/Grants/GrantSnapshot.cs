namespace Vault.Sandbox.Grants;

/// <summary>What the sandbox knows about one grant at a moment; carries no token.</summary>
public sealed record GrantSnapshot
{
    public required string GrantId { get; init; }

    public required string ClientId { get; init; }

    public required string Subject { get; init; }

    public required IReadOnlyList<string> Scopes { get; init; }

    public required bool Alive { get; init; }

    public string? DeathReason { get; init; }

    /// <summary>Refreshes that were answered with tokens.</summary>
    public int Refreshes { get; init; }

    /// <summary>Refreshes that reached the family, accepted or not.</summary>
    public int RefreshAttempts { get; init; }

    /// <summary>How often an already used refresh token was presented, inside a grace window or not.</summary>
    public int RefreshReplays { get; init; }

    public int MaxConcurrentTokenCalls { get; init; }

    public int LiveAccessTokens { get; init; }
}
