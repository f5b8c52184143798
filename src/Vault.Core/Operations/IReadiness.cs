namespace Vault.Core.Operations;

/// <summary>Whether this host can serve requests. A load balancer asks through <c>/health/ready</c>.</summary>
public interface IReadiness
{
    /// <summary>
    /// The names of the dependencies that are unreachable now (for example <c>store</c>), in bounded time; empty when
    /// ready. No details: the endpoint needs no authentication.
    /// </summary>
    Task<IReadOnlyList<string>> FaultsAsync(CancellationToken cancellationToken);
}
