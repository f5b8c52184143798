using Vault.Core.Identity;

namespace Vault.Core.Execution;

/// <summary>
/// Runs an execution where its account lives: in this process, or through the account's grain. No credential crosses
/// this port.
/// </summary>
public interface IToolRuns
{
    Task<ExecutionResult> ExecuteAsync(AccountKey key, ExecutionOrder order, CancellationToken cancellationToken);
}
