using Microsoft.Extensions.Time.Testing;
using Vault.Core.Accounts;
using Vault.Core.Identity;
using Vault.Host.Background;

namespace Vault.Host.Tests.Background;

/// <summary>What a host knows of the sweeps of its shards.</summary>
public sealed class ShardAssignmentTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 5, 4, 12, 0, 0, TimeSpan.Zero));
    private readonly ShardAssignment _duty;

    public ShardAssignmentTests() => _duty = new ShardAssignment(4, TimeSpan.FromSeconds(1), _time);

    private DateTimeOffset Now => _time.GetUtcNow();

    [Fact]
    public void The_oldest_sweep_is_that_of_the_shard_that_has_waited_longest()
    {
        Assert.Equal((null, TimeSpan.Zero), (_duty.OldestSweep, _duty.OldestAge));
        _duty.Take(0);
        var taken = Now;
        Minutes(5);
        _duty.Take(1);
        Assert.Equal((taken, TimeSpan.FromMinutes(5)), (_duty.OldestSweep, _duty.OldestAge));

        _duty.Swept([0, 1], Now, new([], More: false));
        Minutes(1);
        _duty.Swept([0], Now, new([], More: false));
        Assert.Equal(TimeSpan.FromMinutes(1), _duty.OldestAge);
        Assert.Equal(Now - TimeSpan.FromMinutes(1), _duty.OldestSweep);

        // More was due: neither was swept to its end.
        Minutes(1);
        _duty.Swept([0, 1], Now, new([], More: true));
        Assert.Equal(TimeSpan.FromMinutes(2), _duty.OldestAge);
    }

    [Fact]
    public void What_is_known_of_a_shard_from_before_counts_until_it_is_swept_here()
    {
        var own = _duty.Take(2);
        own.Recall(new ShardSweeps { SweptAt = Now - TimeSpan.FromHours(1), Silo = "before", Begun = 70 });
        Assert.Equal((TimeSpan.FromHours(1), 70), (_duty.OldestAge, _duty.Begun));

        // The clock of the host before was ahead of this one's.
        own.Recall(new ShardSweeps { SweptAt = Now + TimeSpan.FromHours(1), Silo = "before", Begun = 70 });
        Assert.Equal(TimeSpan.Zero, _duty.OldestAge);
        _duty.Swept([2], Now, new([], More: false));
        Minutes(3);
        Assert.Equal(TimeSpan.FromMinutes(3), _duty.OldestAge);
        var swept = Now - TimeSpan.FromMinutes(3);
        Assert.Equal(new ShardSweeps { SweptAt = swept, Silo = "here", Begun = 70 }, own.Sum("here"));
    }

    [Fact]
    public void A_shard_that_no_host_sweeps_counts_with_the_own_ones()
    {
        _duty.Take(0);
        _duty.Swept([0], Now, new([], More: false));
        _duty.Unswept(Now - TimeSpan.FromHours(2));
        Assert.Equal(TimeSpan.FromHours(2), _duty.OldestAge);
        Minutes(1);
        Assert.Equal(TimeSpan.FromMinutes(121), _duty.OldestAge);
        _duty.Unswept(null);
        Assert.Equal(TimeSpan.FromMinutes(1), _duty.OldestAge);
    }

    [Fact]
    public void An_activation_whose_end_comes_late_does_not_leave_the_shard_of_the_one_after_it()
    {
        var before = _duty.Take(3);
        var after = _duty.Take(3);
        _duty.Leave(3, before);
        Assert.Equal([3], _duty.Mine);
        _duty.Leave(3, after);
        Assert.Empty(_duty.Mine);
    }

    [Fact]
    public void Each_begun_account_counts_once_for_its_shard_also_when_it_comes_while_a_sum_is_kept()
    {
        var organization = new OrganizationId("org_01h00000000000000000000000");
        var accounts = Enumerable.Range(0, 40)
            .Select(i => new AccountKey(organization, new UserId("user" + i), new ConnectionName("c"))).ToList();
        var shards = Enumerable.Range(0, 4).Select(_duty.Take).ToList();
        _duty.Swept(_duty.Mine, Now, new(accounts, More: true));
        Assert.Equal(accounts.Count, _duty.Begun);
        for (var i = 0; i < 4; i++) Assert.Equal(accounts.Count(a => AccountShard.IsIn(a, i, 4)), shards[i].Begun);

        var sum = shards[0].Sum("here");
        shards[0].Add(Now, 5);
        shards[0].Kept(sum);
        Assert.Equal(sum.Begun + 5, shards[0].Sum("here").Begun);

        // Another activation has written meanwhile: what is not kept yet is added to that.
        shards[0].Recall(new ShardSweeps { Begun = 1_000 });
        Assert.Equal(1_005, shards[0].Sum("here").Begun);
    }

    private void Minutes(int minutes) => _time.Advance(TimeSpan.FromMinutes(minutes));
}
