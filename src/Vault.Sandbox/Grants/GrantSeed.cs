using Vault.Sandbox.Clients;

namespace Vault.Sandbox.Grants;

/// <summary>A grant to create without a consent page.</summary>
public sealed record GrantSeed
{
    public string ClientId { get; init; } = SandboxClient.DemoId;

    /// <summary>
    /// The subject of the grant. When minting many, "{n}" is replaced by the running number; without it "-n" is
    /// appended.
    /// </summary>
    public string Subject { get; init; } = "alice";

    /// <summary>Null for all scopes of the client.</summary>
    public IReadOnlyList<string>? Scopes { get; init; }

    /// <summary>
    /// Overrides of the client's policy for this grant; a null member follows the client, also after later changes.
    /// </summary>
    public TokenPolicyPatch? Policy { get; init; }

    /// <summary>Lifetime of the first access token only; 0 or less for an expired one. Null for the policy's.</summary>
    public int? AccessExpiresInSeconds { get; init; }
}

/// <summary>A created grant with its tokens. ToString prints only its id.</summary>
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
