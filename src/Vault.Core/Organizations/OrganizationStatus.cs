namespace Vault.Core.Organizations;

public enum OrganizationStatus
{
    Active,

    /// <summary>The gate is closed and nothing runs for the organization. It can be resumed.</summary>
    Suspended,

    /// <summary>An erasure is running: a cascade revokes every account, then the keys are destroyed.</summary>
    Erasing,

    /// <summary>The keys are destroyed. Only the ledger's chain of digests remains.</summary>
    Erased,
}
