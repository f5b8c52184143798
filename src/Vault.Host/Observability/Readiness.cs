using Vault.Core.Errors;
using Vault.Core.Operations;
using Vault.Core.Packs;

namespace Vault.Host.Observability;

/// <summary>
/// Ready when the store answers within two seconds, the clocks agree and there are packs to serve. A silo that joins
/// others is not ready before a call to one of them has come back, so a rollout does not take the old silos away before
/// the new one is part of the cluster. After that another silo's fault is no fault of this one.
/// </summary>
internal sealed class Readiness(DatabaseClock clock, IPacks packs, OtherSilos others, TimeProvider time) : IReadiness
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    private volatile bool _joined;

    public async Task<IReadOnlyList<string>> FaultsAsync(CancellationToken cancellationToken)
    {
        List<string> faults = [];
        try
        {
            if (await clock.OffAsync(cancellationToken).WaitAsync(Timeout, time, cancellationToken) > clock.Allowed)
                faults.Add("clock");
        }
        catch (Exception e) when (e is StoreUnavailableException or TimeoutException)
        {
            faults.Add("store");
        }

        if (packs.All.Count == 0)
            faults.Add("packs");
        if (!_joined && !(_joined = await others.ReachAnyAsync(Timeout, cancellationToken)))
            faults.Add("cluster");
        return faults;
    }
}
