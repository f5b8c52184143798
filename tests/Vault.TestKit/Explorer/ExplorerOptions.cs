using Vault.Core.Packs;
using Vault.Core.Refresh;

namespace Vault.TestKit.Explorer;

/// <summary>What may go wrong, at any point, beside the interleaving of the hosts.</summary>
[Flags]
public enum Faults
{
    None = 0,

    /// <summary>
    /// A host dies between any two steps and starts again; what its process knew is gone, its disk is not.
    /// </summary>
    Crash = 1,

    /// <summary>The provider acts and its reply never arrives; or it answers 500 and nobody can tell.</summary>
    LostReply = 2,

    /// <summary>The provider answers 503 and does not act.</summary>
    Outage = 4,

    /// <summary>The store refuses a write, or takes it and its word is lost.</summary>
    Store = 8,

    /// <summary>The account is revoked at any point.</summary>
    Revoke = 16,

    /// <summary>The organization's gate is shut at any point.</summary>
    Gate = 32,

    /// <summary>A host's wall clock is wrong by as much as the allowed skew, ahead or behind.</summary>
    Clock = 64,

    /// <summary>With <see cref="Clock"/>: it may also be set in the middle of an attempt.</summary>
    ClockJump = 128,

    All = Crash | LostReply | Outage | Store | Revoke | Gate | Clock | ClockJump,
}

/// <summary>
/// A protection that a decorator of the tests takes away, to show that the search would find the loss it prevents.
/// </summary>
public enum Off
{
    Nothing,
    CompareAndSwap,
    Intent,
    Lease,
    Recheck,
}

/// <summary>One state space.</summary>
/// <param name="Hosts">Hosts that refresh; a revocation is one process more.</param>
/// <param name="Attempts">How often each host begins something.</param>
/// <param name="FaultBudget">Faults at a time, of those allowed.</param>
/// <param name="TimeSteps">How often time may leap.</param>
public sealed record ExplorerOptions(
    Rotation Rotation,
    int Hosts,
    Faults Faults,
    int FaultBudget = 1,
    int TimeSteps = 2,
    int Attempts = 1,
    Off Off = Off.Nothing
)
{
    /// <summary>
    /// A restarted host knows that its former process is dead (the lock of the data folder, on SQLite).
    /// </summary>
    public bool KnowsItsDead { get; init; }

    /// <summary>States looked at before the search gives up; it says so.</summary>
    public int MaxStates { get; init; } = 400_000;

    /// <summary>Stop at the first violation whose rule says this; at the first of all unless told otherwise.</summary>
    public string StopAt { get; init; } = "";

    public TimeSpan Grace { get; init; } = TimeSpan.FromMinutes(10);

    public LifecycleOptions Lifecycle { get; init; } = new();

    public string Name =>
        $"{Rotation}, {Hosts} hosts, {Attempts} attempts, {FaultBudget} of [{Faults}], {TimeSteps} leaps"
        + (KnowsItsDead ? ", knows its dead" : "")
        + (Off == Off.Nothing ? "" : $", without {Off}");
}

/// <param name="Schedule">The steps that lead there, readable.</param>
public sealed record Violation(string Rule, IReadOnlyList<string> Schedule)
{
    public override string ToString() => Rule + "\n  " + string.Join("\n  ", Schedule);
}

/// <param name="Complete">Every state was looked at.</param>
/// <param name="Schedules">Ends that were settled and judged.</param>
public sealed record ExplorerReport(
    ExplorerOptions Options,
    long States,
    long Steps,
    long Schedules,
    bool Complete,
    IReadOnlyDictionary<string, long> Ends,
    IReadOnlyList<Violation> Violations
)
{
    public override string ToString() =>
        $"{Options.Name}: {States} states, {Steps} steps, {Schedules} ends{(Complete ? "" : " (incomplete)")}: {string.Join(", ", Ends.OrderBy(e => e.Key).Select(e => $"{e.Key} {e.Value}"))}; {Violations.Count} violations";
}
