using Vault.Core.Identity;

namespace Vault.Core.Execution;

/// <summary>
/// Runs an execution where its account lives: in this process, or through the account's grain. No credential crosses
/// this port.
/// </summary>
public interface IToolRuns
{
    Task<ExecutionResult> ExecuteAsync(AccountKey key, ExecutionOrder order, CancellationToken cancellationToken);

    /// <summary>Runs a raw call whose bodies are streamed, in this process: see <see cref="RawExchange"/>.</summary>
    Task<ExecutionResult> ExchangeAsync(
        AccountKey key,
        ExecutionOrder order,
        RawExchange exchange,
        CancellationToken cancellationToken
    );
}
