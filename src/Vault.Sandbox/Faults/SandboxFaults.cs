using System.Collections.Immutable;
using System.Globalization;

namespace Vault.Sandbox.Faults;

/// <summary>
/// The active faults. To a request apply all matching waits (slow, hold), and of the other matching faults the first
/// one added.
/// </summary>
public sealed class SandboxFaults
{
    private readonly Lock _sync = new();
    private volatile FaultHandle[] _handles = [];
    private int _lastId;

    internal SandboxFaults() { }

    public IReadOnlyList<FaultHandle> All => _handles;

    internal bool IsEmpty => _handles.Length == 0;

    /// <exception cref="ArgumentException">The fault is invalid; the message lists every wrong field.</exception>
    public FaultHandle Add(SandboxFault fault)
    {
        ArgumentNullException.ThrowIfNull(fault);
        var problems = fault.Problems().ToList();
        if (problems.Count > 0)
        {
            throw new ArgumentException(string.Join("; ", problems));
        }

        lock (_sync)
        {
            var handle = new FaultHandle(this, "fault_" + (++_lastId).ToString(CultureInfo.InvariantCulture), fault);
            _handles = [.. _handles, handle];
            return handle;
        }
    }

    public FaultHandle? Find(string id) => Array.Find(_handles, h => h.Id == id);

    /// <summary>Removes a fault and opens its gate; false if there is none with that id.</summary>
    public bool Remove(string id)
    {
        FaultHandle? found;
        lock (_sync)
        {
            found = Find(id);
            _handles = [.. _handles.Where(h => h.Id != id)];
        }

        found?.Gate.Open();
        return found is not null;
    }

    /// <summary>Removes all faults and opens all gates.</summary>
    public void Clear()
    {
        FaultHandle[] removed;
        lock (_sync)
        {
            (removed, _handles) = (_handles, []);
        }

        foreach (var handle in removed)
        {
            handle.Gate.Open();
        }
    }

    internal FaultPlan Take(FaultSite site, DateTimeOffset now)
    {
        ImmutableArray<FaultHandle> before = [],
            after = [];
        FaultHandle? outcome = null;
        foreach (var handle in _handles)
        {
            var fault = handle.Fault;
            if (fault.Kind is FaultKind.NarrowScope or FaultKind.WrongIdentity || !site.Matches(fault))
            {
                continue;
            }

            if (fault.Kind is FaultKind.Slow or FaultKind.Hold)
            {
                if (handle.TryTake())
                {
                    (before, after) =
                        fault.Phase == FaultPhase.Before ? (before.Add(handle), after) : (before, after.Add(handle));
                }
            }
            else if (outcome is null && Applies(fault, site, now) && handle.TryTake())
            {
                outcome = handle;
            }
        }

        return new FaultPlan(before, outcome?.Fault, after);
    }

    /// <summary>Takes the first matching consent fault of a kind.</summary>
    internal SandboxFault? TakeConsent(FaultKind kind, string clientId)
    {
        var site = new FaultSite(FaultTarget.Authorize, "/oauth/authorize", clientId);
        return Array.Find(_handles, h => h.Fault.Kind == kind && site.Matches(h.Fault) && h.TryTake())?.Fault;
    }

    private static bool Applies(SandboxFault fault, FaultSite site, DateTimeOffset now) =>
        fault.Kind != FaultKind.EarlyUnauthorized || site.Access?.StateAt(now) == Grants.AccessState.Live;
}

/// <summary>The faults of one request: waits before acting, one outcome, waits after acting.</summary>
internal readonly record struct FaultPlan(
    ImmutableArray<FaultHandle> Before,
    SandboxFault? Outcome,
    ImmutableArray<FaultHandle> After
);
