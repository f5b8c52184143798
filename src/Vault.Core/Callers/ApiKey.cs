using System.Collections.Immutable;
using Vault.Core.Accounts;
using Vault.Core.Identity;

namespace Vault.Core.Callers;

/// <summary>What a key may do; an empty list allows nothing (law 9).</summary>
public static class Permission
{
    public const string Admin = "admin";
    public const string OrganizationsRead = "organizations:read";
    public const string OrganizationsWrite = "organizations:write";
    public const string ConnectionsRead = "connections:read";
    public const string ConnectionsWrite = "connections:write";
    public const string ProvidersRead = "providers:read";
    public const string ProvidersWrite = "providers:write";
    public const string AccountsRead = "accounts:read";
    public const string AccountsWrite = "accounts:write";
    public const string ToolsRead = "tools:read";
    public const string ToolsExecute = "tools:execute";

    /// <summary>Raw calls through connections that allow them.</summary>
    public const string ProxyExecute = "proxy:execute";
    public const string ApprovalsWrite = "approvals:write";
    public const string LedgerRead = "ledger:read";
    public const string KeysWrite = "keys:write";

    /// <summary>Reads a raw credential; off by default and not implied by <see cref="Admin"/>.</summary>
    public const string CredentialsRead = "credentials:read";

    public static IReadOnlyList<string> All { get; } =
        [.. typeof(Permission).GetFields().Where(f => f.IsLiteral).Select(f => (string)f.GetRawConstantValue()!)];
}

/// <summary>A key of a caller: <c>vk_live_{id}_{secret}</c>. Only the digest of the secret is stored.</summary>
/// <param name="Organization">The organization it is bound to; null for a platform key.</param>
public sealed record ApiKeyRow(
    string Id,
    OrganizationId? Organization,
    string Name,
    string SecretHash,
    string Suffix,
    ImmutableArray<string> Permissions,
    long Version,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ExpiresAt,
    DateTimeOffset? RevokedAt,
    DateTimeOffset? LastUsedAt);

public interface IApiKeyStore
{
    /// <summary>By id alone: the caller shows its key before anyone knows its organization.</summary>
    Task<ApiKeyRow?> FindAsync(string id, CancellationToken cancellationToken);

    Task<WriteOutcome> InsertAsync(ApiKeyRow row, CancellationToken cancellationToken);

    Task<WriteOutcome> UpdateAsync(ApiKeyRow row, long expectedVersion, CancellationToken cancellationToken);

    /// <summary>Keys of one organization; of the platform when <paramref name="organization"/> is null.</summary>
    Task<Page<ApiKeyRow>> ListAsync(OrganizationId? organization, int pageSize, string? cursor, CancellationToken cancellationToken);

    Task<bool> AnyAsync(CancellationToken cancellationToken);

    Task TouchAsync(IReadOnlyList<(string Id, DateTimeOffset UsedAt)> uses, CancellationToken cancellationToken);
}

/// <summary>Who is calling, after authentication.</summary>
/// <param name="KeyId">The API key's id; it is what the ledger names.</param>
/// <param name="Organization">Set when the credential is bound to one organization: it can never act in another.</param>
public sealed record Caller(string KeyId, OrganizationId? Organization, ImmutableArray<string> Permissions, string? Agent = null, string? AgentName = null)
{
    public bool May(string permission) =>
        Permissions.Contains(permission) || (permission != Permission.CredentialsRead && Permissions.Contains(Permission.Admin));

    /// <summary>Whether the credential may act in the organization at all.</summary>
    public bool Reaches(OrganizationId organization) => Organization is not { } bound || bound == organization;

    /// <summary>The chain user → agent → sub-agent, carried into the ledger.</summary>
    public ImmutableArray<string> Delegation { get; init; } = [];
}
