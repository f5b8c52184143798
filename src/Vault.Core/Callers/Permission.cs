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

    /// <summary>
    /// Sets what bounds an organization: its policy for destructive tools and its quotas. <see cref="Admin"/> implies
    /// it for a platform key only: who is bound does not loosen the bounds.
    /// </summary>
    public const string PolicyWrite = "policy:write";
    public const string LedgerRead = "ledger:read";
    public const string KeysWrite = "keys:write";

    /// <summary>Reads a raw credential; off by default and not implied by <see cref="Admin"/>.</summary>
    public const string CredentialsRead = "credentials:read";

    public static IReadOnlyList<string> All { get; } =
    [.. typeof(Permission).GetFields().Where(f => f.IsLiteral).Select(f => (string)f.GetRawConstantValue()!)];
}
