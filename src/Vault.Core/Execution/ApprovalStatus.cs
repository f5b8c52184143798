namespace Vault.Core.Execution;

public enum ApprovalStatus
{
    Pending,
    Approved,
    Denied,

    /// <summary>Spent by an execution; an approval is good for exactly one.</summary>
    Used,
}
