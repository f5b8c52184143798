using Microsoft.Extensions.Time.Testing;
using Vault.Core.Accounts;
using Vault.Core.Identity;
using Vault.Host.Background;

namespace Vault.Host.Tests.Background;

/// <summary>What a host knows of the sweeps of its shards.</summary>
public sealed class ShardAssignmentTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 5, 4, 12, 0, 0, TimeSpan.Zero));
    private readonly ShardAssignment _shards;

    public ShardAssignmentTests() => _shards = new ShardAssignment(4, TimeSpan.FromSeconds(1), _time);

    private DateTimeOffset Now => _time.GetUtcNow();

    [Fact]
    public void The_oldest_sweep_is_that_of_the_shard_that_has_waited_longest()
    {
        Assert.Equal((null, TimeSpan.Zero), (_shards.OldestSweep, _shards.OldestAge));
        _shards.Acquire(0);
        var taken = Now;
        Minutes(5);
        _shards.Acquire(1);
        Assert.Equal((taken, TimeSpan.FromMinutes(5)), (_shards.OldestSweep, _shards.OldestAge));

        _shards.Swept([0, 1], Now, new([], More: false));
        Minutes(1);
        _shards.Swept([0], Now, new([], More: false));
        Assert.Equal(TimeSpan.FromMinutes(1), _shards.OldestAge);
        Assert.Equal(Now - TimeSpan.FromMinutes(1), _shards.OldestSweep);

        // More was due: neither was swept to its end.
        Minutes(1);
        _shards.Swept([0, 1], Now, new([], More: true));
        Assert.Equal(TimeSpan.FromMinutes(2), _shards.OldestAge);
    }

    [Fact]
    public void What_is_known_of_a_shard_from_before_counts_until_it_is_swept_here()
    {
        var own = _shards.Acquire(2);
        own.Recall(
            new ShardSweeps
            {
                SweptAt = Now - TimeSpan.FromHours(1),
                Silo = "before",
                Begun = 70,
            }
        );
        Assert.Equal((TimeSpan.FromHours(1), 70), (_shards.OldestAge, _shards.Begun));

        // The clock of the host before was ahead of this one's.
        own.Recall(
            new ShardSweeps
            {
                SweptAt = Now + TimeSpan.FromHours(1),
                Silo = "before",
                Begun = 70,
            }
        );
        Assert.Equal(TimeSpan.Zero, _shards.OldestAge);
        _shards.Swept([2], Now, new([], More: false));
        Minutes(3);
        Assert.Equal(TimeSpan.FromMinutes(3), _shards.OldestAge);
        var swept = Now - TimeSpan.FromMinutes(3);
        Assert.Equal(
            new ShardSweeps
            {
                SweptAt = swept,
                Silo = "here",
                Begun = 70,
            },
            own.Sum("here")
        );
    }

    [Fact]
    public void A_shard_that_no_host_sweeps_counts_with_the_own_ones()
    {
        _shards.Acquire(0);
        _shards.Swept([0], Now, new([], More: false));
        _shards.Unswept(Now - TimeSpan.FromHours(2));
        Assert.Equal(TimeSpan.FromHours(2), _shards.OldestAge);
        Minutes(1);
        Assert.Equal(TimeSpan.FromMinutes(121), _shards.OldestAge);
        _shards.Unswept(null);
        Assert.Equal(TimeSpan.FromMinutes(1), _shards.OldestAge);
    }

    [Fact]
    public void An_activation_whose_end_comes_late_does_not_leave_the_shard_of_the_one_after_it()
    {
        var before = _shards.Acquire(3);
        var after = _shards.Acquire(3);
        _shards.Release(3, before);
        Assert.Equal([3], _shards.Owned);
        _shards.Release(3, after);
        Assert.Empty(_shards.Owned);
    }

    [Fact]
    public void Each_begun_account_counts_once_for_its_shard_also_when_it_comes_while_a_sum_is_kept()
    {
        var organization = new OrganizationId("org_01h00000000000000000000000");
        var accounts = Enumerable
            .Range(0, 40)
            .Select(i => new AccountKey(organization, new UserId("user" + i), new ConnectionName("c")))
            .ToList();
        var shards = Enumerable.Range(0, 4).Select(_shards.Acquire).ToList();
        _shards.Swept(_shards.Owned, Now, new(accounts, More: true));
        Assert.Equal(accounts.Count, _shards.Begun);
        for (var i = 0; i < 4; i++)
            Assert.Equal(accounts.Count(a => AccountShard.IsIn(a, i, 4)), shards[i].Begun);

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
