using Orleans.Runtime;
using Vault.Core.Operations;
using Vault.Host.Cluster;

namespace Vault.Host.Observability;

/// <summary>
/// Live when a call inside this silo comes back within five seconds. It is a message like every other, carried out by
/// the thread pool; where the pool stands still, not even the failure comes back, and the supervisor's own timeout
/// counts. No other silo is asked: that they reach this one is what they probe all the time, and a silo that they evict
/// ends itself (<see cref="DrainOnFatalError"/>).
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
