using Vault.Core.Errors;

namespace Vault.Core.Ledger;

/// <summary>Appends to an organization's chain. A call returns when the entry is durable (law 7).</summary>
public interface ILedger
{
    /// <summary>Null when durable; otherwise <c>ledger_unavailable</c>, within a bounded time.</summary>
    ValueTask<VaultError?> AppendAsync(LedgerDraft draft, CancellationToken cancellationToken);
}
