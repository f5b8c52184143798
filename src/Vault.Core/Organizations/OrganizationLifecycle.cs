using Vault.Core.Identity;

namespace Vault.Core.Organizations;

/// <summary>What can happen to an organization.</summary>
public abstract record OrganizationEvent(DateTimeOffset Now)
{
    public sealed record SuspendWanted(DateTimeOffset Now) : OrganizationEvent(Now);

    public sealed record ResumeWanted(DateTimeOffset Now) : OrganizationEvent(Now);

    public sealed record EraseWanted(DateTimeOffset Now, string RequestedBy) : OrganizationEvent(Now);

    /// <summary>A connection was removed: its accounts are to be disconnected.</summary>
    public sealed record DisconnectWanted(DateTimeOffset Now, string ConnectionId, string RequestedBy)
        : OrganizationEvent(Now);

    /// <summary>
    /// The cascade of <paramref name="Kind"/> has come from <paramref name="From"/> to <paramref name="Cursor"/> and
    /// dealt with <paramref name="Count"/> more accounts.
    /// </summary>
    public sealed record CascadeAdvanced(DateTimeOffset Now, string Kind, string? From, string? Cursor, long Count)
        : OrganizationEvent(Now);

    /// <summary>
    /// Every account is dealt with, <paramref name="Count"/> in all (and for an erasure: the keys are destroyed and the
    /// rows purged).
    /// </summary>
    public sealed record CascadeFinished(DateTimeOffset Now, string Kind, long Count) : OrganizationEvent(Now);
}

public enum OrganizationOutcome
{
    Nothing,
    Changed,

    /// <summary>The organization's status does not allow it.</summary>
    Refused,

    /// <summary>Another cascade is under way; when it is finished.</summary>
    Busy,
}

public sealed record OrganizationDecision(
    OrganizationState Next,
    OrganizationOutcome Outcome,
    string? LedgerType = null
);

/// <summary>
/// What an event means for an organization: pure and total. The gate's epoch goes up with every opening and shutting,
/// so a cached row never outlives one.
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
                    Shut(state, OrganizationStatus.Suspended),
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

            // Erasing covers whatever another cascade was about to do, so it takes its place.
            OrganizationEvent.EraseWanted e => state.Status is OrganizationStatus.Erasing or OrganizationStatus.Erased
                ? new(state, OrganizationOutcome.Nothing)
                : new(
                    Shut(state, OrganizationStatus.Erasing) with
                    {
                        Cascade = new Cascade(EraseKind, null, 0, e.Now, e.RequestedBy),
                    },
                    OrganizationOutcome.Changed,
                    "organization.erase_started"
                ),
            OrganizationEvent.DisconnectWanted e => OnDisconnect(state, e),
            // Several hosts may walk at once: only who moves the cursor on counts, so it never goes back and no page
            // counts twice.
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

    private static OrganizationState Shut(OrganizationState state, OrganizationStatus status) =>
        state with
        {
            Status = status,
            Gate = new Gate(false, state.Gate.Epoch + 1),
        };
}
