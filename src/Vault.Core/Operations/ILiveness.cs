namespace Vault.Core.Operations;

/// <summary>Whether this host still processes calls. A supervisor asks through <c>/health/live</c>.</summary>
public interface ILiveness
{
    /// <summary>
    /// Returns in bounded time. False only for a fault of this host that a restart repairs. A failure of the store or
    /// of another host must not make it false: one failure would then restart healthy hosts.
    /// </summary>
    Task<bool> IsAliveAsync(CancellationToken cancellationToken);
}
