using Orleans.Runtime;
using Vault.Core.Operations;
using Vault.Host.Cluster;

namespace Vault.Host.Observability;

/// <summary>
/// Live when a call within this silo completes within five seconds. The call is an ordinary message on the thread pool;
/// if the pool is blocked, not even the failure is returned, and the supervisor's own timeout applies. No other silo is
/// asked: the silos probe each other all the time, and an evicted silo terminates (<see cref="DrainOnFatalError"/>).
/// </summary>
internal sealed class Liveness(SiloCheckClient checks, ILocalSiloDetails here, TimeProvider time) : ILiveness
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    public async Task<bool> IsAliveAsync(CancellationToken cancellationToken)
    {
        try
        {
            await checks.Of(here.SiloAddress).CheckAsync().WaitAsync(Timeout, time, cancellationToken);
            return true;
        }
        catch (Exception e) when (e is OrleansException or TimeoutException)
        {
            return false;
        }
    }
}
