namespace Vault.Core.Operations;

/// <summary>Whether this host can serve: asked by the load balancer through <c>/health/ready</c>.</summary>
public interface IReadiness
{
    /// <summary>
    /// The names of what cannot be reached now (for example <c>store</c>), in bounded time; empty when ready. Never a
    /// detail: anybody may ask.
    /// </summary>
    Task<IReadOnlyList<string>> FaultsAsync(CancellationToken cancellationToken);
}
