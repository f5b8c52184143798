namespace Vault.Core.Operations;

/// <summary>Whether this host still carries out calls: asked by its supervisor through <c>/health/live</c>.</summary>
public interface ILiveness
{
    /// <summary>
    /// In bounded time. False only for a fault of this host that a restart mends: neither the store nor another host
    /// may make it false, or one failure would restart hosts that work.
    /// </summary>
    Task<bool> IsAliveAsync(CancellationToken cancellationToken);
}
