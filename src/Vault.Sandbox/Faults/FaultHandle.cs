namespace Vault.Sandbox.Faults;

/// <summary>An active fault: its number of hits, its gate, and its removal.</summary>
public sealed class FaultHandle
{
    private readonly SandboxFaults _owner;
    private int _hits;

    internal FaultHandle(SandboxFaults owner, string id, SandboxFault fault)
    {
        _owner = owner;
        Id = id;
        Fault = fault;
    }

    public string Id { get; }

    public SandboxFault Fault { get; }

    /// <summary>
    /// The gate that holds the requests of a <see cref="FaultKind.Hold"/>. Requests of a <see cref="FaultKind.Slow"/>
    /// are counted here once their timer runs.
    /// </summary>
    public SandboxGate Gate { get; } = new();

    public int Hits => Volatile.Read(ref _hits);

    public bool IsSpent => Fault.Times is { } times && Hits >= times;

    /// <summary>Removes the fault and opens its gate.</summary>
    public void Clear() => _owner.Remove(Id);

    /// <summary>
    /// Takes one of the remaining hits. Of any number of concurrent requests exactly <see cref="SandboxFault.Times"/>
    /// get one.
    /// </summary>
    internal bool TryTake()
    {
        if (Fault.Times is not { } times)
        {
            Interlocked.Increment(ref _hits);
            return true;
        }

        for (var seen = Hits; seen < times; seen = Hits)
        {
            if (Interlocked.CompareExchange(ref _hits, seen + 1, seen) == seen)
            {
                return true;
            }
        }

        return false;
    }
}
