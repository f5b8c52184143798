using Vault.Sandbox.Clients;

namespace Vault.Sandbox.Grants;

/// <summary>A grant to create without a consent page.</summary>
public sealed record GrantSeed
{
    public string ClientId { get; init; } = SandboxClient.DemoId;

    /// <summary>
    /// Who the grant is for. In bulk, "{n}" is replaced by the running number; without it "-n" is appended.
    /// </summary>
    public string Subject { get; init; } = "alice";

    /// <summary>Null is all scopes of the client.</summary>
    public IReadOnlyList<string>? Scopes { get; init; }

    /// <summary>
    /// What differs from the client's policy for this grant; null follows the client, also when the client changes
    /// later.
    /// </summary>
    public TokenPolicyPatch? Policy { get; init; }

    /// <summary>
    /// Lifetime of the first access token only; 0 or less makes it expired from the start. Null is the policy's.
    /// </summary>
    public int? AccessExpiresInSeconds { get; init; }
}

/// <summary>A grant that was created, with its tokens. Prints its id only.</summary>
public sealed record MintedGrant(
    string GrantId,
    string Subject,
    string AccessToken,
    string? RefreshToken,
    int ExpiresIn,
    string Scope
)
{
    public override string ToString() => $"MintedGrant {GrantId}";
}
