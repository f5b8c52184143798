using Vault.Core.Identity;

namespace Vault.Core.Organizations;

/// <summary>What can happen to an organization.</summary>
public abstract record OrganizationEvent(DateTimeOffset Now)
{
    public sealed record SuspendWanted(DateTimeOffset Now) : OrganizationEvent(Now);

    public sealed record ResumeWanted(DateTimeOffset Now) : OrganizationEvent(Now);

    public sealed record EraseWanted(DateTimeOffset Now, string RequestedBy) : OrganizationEvent(Now);

    /// <summary>A connection was removed: disconnect its accounts.</summary>
    public sealed record DisconnectWanted(DateTimeOffset Now, string ConnectionId, string RequestedBy)
        : OrganizationEvent(Now);

    /// <summary>
    /// The cascade of <paramref name="Kind"/> has advanced from <paramref name="From"/> to <paramref name="Cursor"/>
    /// and has processed <paramref name="Count"/> more accounts.
    /// </summary>
    public sealed record CascadeAdvanced(DateTimeOffset Now, string Kind, string? From, string? Cursor, long Count)
        : OrganizationEvent(Now);

    /// <summary>
    /// All accounts are processed, <paramref name="Count"/> in total. For an erasure the keys are also destroyed and
    /// the rows purged.
    /// </summary>
    public sealed record CascadeFinished(DateTimeOffset Now, string Kind, long Count) : OrganizationEvent(Now);
}

public enum OrganizationOutcome
{
    Nothing,
    Changed,

    /// <summary>The organization's status does not allow the event.</summary>
    Refused,

    /// <summary>Another cascade is running; retry after it has finished.</summary>
    Busy,
}

public sealed record OrganizationDecision(
    OrganizationState Next,
    OrganizationOutcome Outcome,
    string? LedgerType = null
);

/// <summary>
/// Decides what an event changes in an organization: a pure, total function. Every opening and closing of the gate
/// increments its epoch, so a cached row is never valid across one.
/// </summary>
public static class OrganizationLifecycle
{
    public const string EraseKind = "erase";
    private const string DisconnectPrefix = "disconnect:";

    public static string DisconnectKind(string connectionId) => DisconnectPrefix + connectionId;

    /// <summary>The connection of a disconnect cascade; null for an erasure.</summary>
    public static string? ConnectionOf(string kind)
    {
        ArgumentNullException.ThrowIfNull(kind);
        return kind.StartsWith(DisconnectPrefix, StringComparison.Ordinal) ? kind[DisconnectPrefix.Length..] : null;
    }

    public static OrganizationState New() => new() { Status = OrganizationStatus.Active, Gate = new Gate(true, 1) };

    public static OrganizationDecision Decide(OrganizationState state, OrganizationEvent what)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(what);
        return what switch
        {
            OrganizationEvent.SuspendWanted => state.Status switch
            {
                OrganizationStatus.Active => new(
                    Close(state, OrganizationStatus.Suspended),
                    OrganizationOutcome.Changed,
                    "organization.suspended"
                ),
                OrganizationStatus.Suspended => new(state, OrganizationOutcome.Nothing),
                _ => new(state, OrganizationOutcome.Refused),
            },
            OrganizationEvent.ResumeWanted => state.Status switch
            {
                OrganizationStatus.Suspended => new(
                    state with
                    {
                        Status = OrganizationStatus.Active,
                        Gate = new Gate(true, state.Gate.Epoch + 1),
                    },
                    OrganizationOutcome.Changed,
                    "organization.resumed"
                ),
                OrganizationStatus.Active => new(state, OrganizationOutcome.Nothing),
                _ => new(state, OrganizationOutcome.Refused),
            },

            // An erasure includes the work of every other cascade, so it replaces a running one.
            OrganizationEvent.EraseWanted e => state.Status is OrganizationStatus.Erasing or OrganizationStatus.Erased
                ? new(state, OrganizationOutcome.Nothing)
                : new(
                    Close(state, OrganizationStatus.Erasing) with
                    {
                        Cascade = new Cascade(EraseKind, null, 0, e.Now, e.RequestedBy),
                    },
                    OrganizationOutcome.Changed,
                    "organization.erase_started"
                ),
            OrganizationEvent.DisconnectWanted e => OnDisconnect(state, e),
            // Several hosts may run the cascade at once. Only the host whose starting cursor still matches advances it,
            // so the cursor never moves back and no page is counted twice.
            OrganizationEvent.CascadeAdvanced e => state.Cascade is { } cascade
            && cascade.Kind == e.Kind
            && cascade.Cursor == e.From
                ? new(
                    state with
                    {
                        Cascade = cascade with { Cursor = e.Cursor, Done = cascade.Done + e.Count },
                    },
                    OrganizationOutcome.Changed
                )
                : new(state, OrganizationOutcome.Nothing),
            OrganizationEvent.CascadeFinished e => OnFinished(state, e),
            _ => throw new ArgumentException("Not an organization event: " + what.GetType().Name, nameof(what)),
        };
    }

    private static OrganizationDecision OnDisconnect(OrganizationState state, OrganizationEvent.DisconnectWanted e)
    {
        if (state.Status is OrganizationStatus.Erasing or OrganizationStatus.Erased)
            return new(state, OrganizationOutcome.Refused);
        var kind = DisconnectKind(e.ConnectionId);
        if (state.Cascade is { } running)
            return new(state, running.Kind == kind ? OrganizationOutcome.Nothing : OrganizationOutcome.Busy);
        return new(
            state with
            {
                Cascade = new Cascade(kind, null, 0, e.Now, e.RequestedBy),
            },
            OrganizationOutcome.Changed
        );
    }

    private static OrganizationDecision OnFinished(OrganizationState state, OrganizationEvent.CascadeFinished e)
    {
        if (state.Cascade?.Kind != e.Kind)
            return new(state, OrganizationOutcome.Nothing);
        return e.Kind == EraseKind
            ? new(
                state with
                {
                    Cascade = null,
                    Status = OrganizationStatus.Erased,
                    Erasure = new ErasureTally(state.Cascade.StartedAt, e.Count),
                },
                OrganizationOutcome.Changed,
                "organization.erased"
            )
            : new(state with { Cascade = null }, OrganizationOutcome.Changed);
    }

    private static OrganizationState Close(OrganizationState state, OrganizationStatus status) =>
        state with
        {
            Status = status,
            Gate = new Gate(false, state.Gate.Epoch + 1),
        };
}
