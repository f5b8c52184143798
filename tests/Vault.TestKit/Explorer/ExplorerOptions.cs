using Vault.Core.Packs;
using Vault.Core.Refresh;

namespace Vault.TestKit.Explorer;

/// <summary>The faults that a search injects at any point, in addition to the interleaving of the hosts.</summary>
[Flags]
public enum Faults
{
    None = 0,

    /// <summary>
    /// A host crashes between any two steps and restarts. It loses its memory and keeps its disk.
    /// </summary>
    Crash = 1,

    /// <summary>The provider acts and its response is lost, or it responds with 500 and the outcome is
    /// unknown.</summary>
    LostReply = 2,

    /// <summary>The provider responds with 503 and does not act.</summary>
    Outage = 4,

    /// <summary>The store rejects a write, or commits it and the acknowledgement is lost.</summary>
    Store = 8,

    /// <summary>The account is revoked at any point.</summary>
    Revoke = 16,

    /// <summary>The organization's gate is closed at any point.</summary>
    Gate = 32,

    /// <summary>A host's wall clock is wrong by the allowed skew, fast or slow.</summary>
    Clock = 64,

    /// <summary>With <see cref="Clock"/>: the clock may also change during an attempt.</summary>
    ClockJump = 128,

    All = Crash | LostReply | Outage | Store | Revoke | Gate | Clock | ClockJump,
}

/// <summary>
/// A protection that a test decorator switches off, to show that the search finds the loss which it prevents.
/// </summary>
public enum Off
{
    Nothing,
    CompareAndSwap,
    Intent,
    Lease,
    Recheck,

    /// <summary>A token in doubt is presented again although its holder may return with the response.</summary>
    Horizon,

    /// <summary>A token in doubt is never presented again, and its grant is given up.</summary>
    PresentAgain,
}

/// <summary>One state space.</summary>
/// <param name="Hosts">The number of hosts that refresh; a revocation runs in one more process.</param>
/// <param name="Attempts">How often each host begins a refresh or a drain.</param>
/// <param name="FaultBudget">The maximum number of faults in a schedule.</param>
/// <param name="TimeSteps">How often the time may jump forward.</param>
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
    /// A restarted host knows that its previous process is dead (on SQLite by the lock of the data folder).
    /// </summary>
    public bool KnowsItsDead { get; init; }

    /// <summary>The maximum number of states. A search that reaches it reports that it is incomplete.</summary>
    public int MaxStates { get; init; } = 400_000;

    /// <summary>The search stops at the first violation whose rule contains this text; by default at the
    /// first.</summary>
    public string StopAt { get; init; } = "";

    public TimeSpan Grace { get; init; } = TimeSpan.FromMinutes(10);

    public LifecycleOptions Lifecycle { get; init; } = new();

    public string Name =>
        $"{Rotation}, {Hosts} hosts, {Attempts} attempts, {FaultBudget} of [{Faults}], {TimeSteps} leaps"
        + (KnowsItsDead ? ", knows its dead" : "")
        + (Off == Off.Nothing ? "" : $", without {Off}");
}

/// <param name="Schedule">The steps that lead to the violation, as readable text.</param>
public sealed record Violation(string Rule, IReadOnlyList<string> Schedule)
{
    public override string ToString() => Rule + "\n  " + string.Join("\n  ", Schedule);
}

/// <param name="Complete">Whether all states were visited.</param>
/// <param name="Schedules">The number of schedules that ended and were checked.</param>
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
    /// <summary>Tokens presented again whose grant was lost before.</summary>
    public long UselessReplays { get; init; }

    public override string ToString() =>
        $"{Options.Name}: {States} states, {Steps} steps, {Schedules} ends{(Complete ? "" : " (incomplete)")}: "
        + string.Join(", ", Ends.OrderBy(e => e.Key).Select(e => $"{e.Key} {e.Value}"))
        + $"; {UselessReplays} useless replays; {Violations.Count} violations";
}
