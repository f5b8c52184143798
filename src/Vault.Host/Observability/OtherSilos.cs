using Orleans.Runtime;
using Orleans.Runtime.Placement;
using Vault.Core.Operations;
using Vault.Host.Grains;

namespace Vault.Host.Observability;

/// <summary>Calls to a specific silo of the cluster, by its address.</summary>
internal sealed class OtherSilos(
    IGrainFactory grains,
    IClusterMembershipService cluster,
    ILocalSiloDetails here,
    TimeProvider time
)
{
    /// <summary>The silo's status; null when the silo is gone.</summary>
    /// <exception cref="OrleansException">The call was rejected.</exception>
    /// <exception cref="TimeoutException">The silo did not respond in time.</exception>
    public Task<HostStatus?> AskAsync(SiloAddress silo, TimeSpan timeout, CancellationToken cancellationToken)
    {
        RequestContext.Set(IPlacementDirector.PlacementHintKey, silo);
        return grains
            .GetGrain<ISiloStatusGrain>(silo.ToParsableString())
            .GetAsync()
            .WaitAsync(timeout, time, cancellationToken);
    }

    /// <summary>Whether one of the other active silos responds; also true when there is none.</summary>
    public async Task<bool> ReachAnyAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        var calls = cluster
            .CurrentSnapshot.Members.Values.Where(m =>
                m.Status == SiloStatus.Active && !m.SiloAddress.Equals(here.SiloAddress)
            )
            .Select(m => AnswersAsync(m.SiloAddress, timeout, cancellationToken))
            .ToList();
        if (calls.Count == 0)
            return true;
        await foreach (var call in Task.WhenEach(calls).WithCancellation(cancellationToken))
            if (await call)
                return true;
        return false;
    }

    private async Task<bool> AnswersAsync(SiloAddress silo, TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            return await AskAsync(silo, timeout, cancellationToken) is not null;
        }
        catch (Exception e) when (e is OrleansException or TimeoutException)
        {
            return false;
        }
    }
}
