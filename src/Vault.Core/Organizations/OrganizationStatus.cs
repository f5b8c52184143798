namespace Vault.Core.Organizations;

public enum OrganizationStatus
{
    Active,

    /// <summary>The gate is shut; nothing of the organization runs; it can be resumed.</summary>
    Suspended,

    /// <summary>An erasure is under way: a cascade revokes every account, then the keys are destroyed.</summary>
    Erasing,

    /// <summary>The keys are gone; only the ledger's chain of digests remains.</summary>
    Erased,
}
