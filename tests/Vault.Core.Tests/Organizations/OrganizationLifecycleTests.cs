using Vault.Core.Identity;
using Vault.Core.Organizations;

namespace Vault.Core.Tests.Organizations;

public sealed class OrganizationLifecycleTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly string Kind = OrganizationLifecycle.DisconnectKind("conn_1");

    private static IEnumerable<OrganizationEvent> Events() =>
        [
            new OrganizationEvent.SuspendWanted(Now),
            new OrganizationEvent.ResumeWanted(Now),
            new OrganizationEvent.EraseWanted(Now, "key_1"),
            new OrganizationEvent.DisconnectWanted(Now, "conn_1", "key_1"),
            new OrganizationEvent.DisconnectWanted(Now, "conn_2", "key_1"),
            new OrganizationEvent.CascadeAdvanced(Now, Kind, null, "cursor", 3),
            new OrganizationEvent.CascadeAdvanced(Now, OrganizationLifecycle.EraseKind, null, "cursor", 3),
            new OrganizationEvent.CascadeFinished(Now, Kind, 3),
            new OrganizationEvent.CascadeFinished(Now, OrganizationLifecycle.EraseKind, 3),
        ];

    private static IEnumerable<OrganizationState> States() =>
        from status in Enum.GetValues<OrganizationStatus>()
        from kind in status switch
        {
            OrganizationStatus.Erasing => new string?[] { OrganizationLifecycle.EraseKind },
            OrganizationStatus.Erased => [null],
            _ => [null, Kind],
        }
        select new OrganizationState
        {
            Status = status,
            Gate = new Gate(status == OrganizationStatus.Active, 4),
            Cascade = kind is null ? null : new Cascade(kind, "before", 7, Now, "key_1"),
        };

    [Fact]
    public void Every_pair_has_an_answer_that_keeps_the_rules()
    {
        foreach (var state in States())
        foreach (var what in Events())
        {
            var decision = OrganizationLifecycle.Decide(state, what);
            var next = decision.Next;
            Assert.True(
                next.Gate.Open == (next.Status == OrganizationStatus.Active),
                $"{what}: the gate is open exactly while the organization is active"
            );
            Assert.True(
                next.Gate == state.Gate || next.Gate.Epoch == state.Gate.Epoch + 1,
                $"{what}: a cached row never outlives an opening or shutting"
            );
            Assert.True(
                next.Gate.Open == state.Gate.Open || next.Gate.Epoch > state.Gate.Epoch,
                $"{what}: every move of the gate is a new epoch"
            );
            if (state.Status == OrganizationStatus.Erased)
                Assert.NotEqual(OrganizationStatus.Active, next.Status);
            if (decision.Outcome != OrganizationOutcome.Changed)
                Assert.Same(state, next);
        }
    }

    [Fact]
    public void Suspending_and_resuming_move_the_epoch_each_time()
    {
        var shut = OrganizationLifecycle
            .Decide(OrganizationLifecycle.New(), new OrganizationEvent.SuspendWanted(Now))
            .Next;
        Assert.Equal(new Gate(false, 2), shut.Gate);
        Assert.Equal(
            OrganizationOutcome.Nothing,
            OrganizationLifecycle.Decide(shut, new OrganizationEvent.SuspendWanted(Now)).Outcome
        );
        Assert.Equal(
            new Gate(true, 3),
            OrganizationLifecycle.Decide(shut, new OrganizationEvent.ResumeWanted(Now)).Next.Gate
        );
    }

    [Fact]
    public void Erasing_takes_the_place_of_another_cascade_and_has_no_way_back()
    {
        var running = OrganizationLifecycle
            .Decide(OrganizationLifecycle.New(), new OrganizationEvent.DisconnectWanted(Now, "conn_1", "key_1"))
            .Next;
        var erasing = OrganizationLifecycle.Decide(running, new OrganizationEvent.EraseWanted(Now, "key_2")).Next;
        Assert.Equal(new Cascade(OrganizationLifecycle.EraseKind, null, 0, Now, "key_2"), erasing.Cascade);
        Assert.Equal(
            OrganizationOutcome.Nothing,
            OrganizationLifecycle
                .Decide(erasing, new OrganizationEvent.CascadeAdvanced(Now, Kind, null, "x", 1))
                .Outcome
        );
        Assert.Equal(
            OrganizationOutcome.Refused,
            OrganizationLifecycle.Decide(erasing, new OrganizationEvent.ResumeWanted(Now)).Outcome
        );
        var erased = OrganizationLifecycle
            .Decide(erasing, new OrganizationEvent.CascadeFinished(Now, OrganizationLifecycle.EraseKind, 3))
            .Next;
        Assert.Equal((OrganizationStatus.Erased, (Cascade?)null), (erased.Status, erased.Cascade));
    }

    [Fact]
    public void A_second_cascade_waits_for_the_first_and_the_same_one_is_the_same()
    {
        var running = OrganizationLifecycle
            .Decide(OrganizationLifecycle.New(), new OrganizationEvent.DisconnectWanted(Now, "conn_1", "key_1"))
            .Next;
        Assert.Equal(
            OrganizationOutcome.Busy,
            OrganizationLifecycle
                .Decide(running, new OrganizationEvent.DisconnectWanted(Now, "conn_2", "key_1"))
                .Outcome
        );
        Assert.Equal(
            OrganizationOutcome.Nothing,
            OrganizationLifecycle
                .Decide(running, new OrganizationEvent.DisconnectWanted(Now, "conn_1", "key_1"))
                .Outcome
        );
        var advanced = OrganizationLifecycle
            .Decide(running, new OrganizationEvent.CascadeAdvanced(Now, Kind, null, "after", 5))
            .Next.Cascade!;
        Assert.Equal(("after", 5L), (advanced.Cursor, advanced.Done));

        // Another host walks the same page a moment later: it counts once, and the cursor does not go back.
        var both = running with { Cascade = advanced };
        Assert.Equal(
            OrganizationOutcome.Nothing,
            OrganizationLifecycle
                .Decide(both, new OrganizationEvent.CascadeAdvanced(Now, Kind, null, "after", 5))
                .Outcome
        );
    }
}
