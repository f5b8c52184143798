using Vault.Core.Callers;

namespace Vault.Core.Execution;

/// <summary>Executes one tool for one caller, in the order the contract fixes. Expected failures are inside the answer; an exception is a bug or broken infrastructure.</summary>
public interface IExecutions
{
    Task<ExecutionAnswer> ExecuteAsync(Caller caller, ExecutionRequest request, CancellationToken cancellationToken);
}
