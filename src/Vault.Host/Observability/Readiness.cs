using Vault.Core.Errors;
using Vault.Core.Operations;
using Vault.Core.Packs;

namespace Vault.Host.Observability;

/// <summary>
/// Ready when the store responds within two seconds, the clocks agree and packs are loaded. A silo that joins others
/// becomes ready only after a call to one of them has completed, so a rollout does not remove the old silos before the
/// new one is part of the cluster. Later failures of other silos do not make this one unready.
/// </summary>
internal sealed class Readiness(DatabaseClock clock, IPacks packs, OtherSilos others, TimeProvider time) : IReadiness
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    // Anybody may ask, without a key, as often as they like: the database is asked some ten times a second at most.
    private static readonly TimeSpan Kept = TimeSpan.FromMilliseconds(100);

    private volatile bool _joined;
    private volatile Verdict? _last;

    public async Task<IReadOnlyList<string>> FaultsAsync(CancellationToken cancellationToken)
    {
        if (_last is { } last && time.GetElapsedTime(last.At) < Kept)
            return last.Faults;
        var at = time.GetTimestamp();
        var faults = await CheckAsync(cancellationToken);
        _last = new Verdict(at, faults);
        return faults;
    }

    private async Task<IReadOnlyList<string>> CheckAsync(CancellationToken cancellationToken)
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

    private sealed record Verdict(long At, IReadOnlyList<string> Faults);
}
