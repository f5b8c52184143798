using Vault.Core.Callers;

namespace Vault.Core.Execution;

/// <summary>
/// Executes one tool for one caller, in the order the contract fixes. Expected failures are inside the answer; an
/// exception is a bug or broken infrastructure.
/// </summary>
public interface IExecutions
{
    Task<ExecutionResult> ExecuteAsync(Caller caller, ExecutionRequest request, CancellationToken cancellationToken);

    /// <summary>
    /// A raw call through the named connection; the request's input is that of <see cref="ProxyTool"/>, its tool name
    /// is not looked at.
    /// </summary>
    Task<ExecutionResult> ProxyAsync(Caller caller, ExecutionRequest request, CancellationToken cancellationToken);
}
