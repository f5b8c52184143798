namespace Vault.Core.Execution;

public enum ApprovalStatus
{
    Pending,
    Approved,
    Denied,

    /// <summary>An execution has used it; an approval permits exactly one.</summary>
    Used,
}
