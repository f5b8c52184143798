using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Packs;
using Vault.Core.Persistence;
using Vault.TestKit.Provider;

namespace Vault.Core.Tests.Refresh;

/// <summary>The store fails at every point of a refresh.</summary>
public sealed class RefreshStoreFaultTests
{
    private static StoreUnavailableException Down(bool mayHaveCommitted = false) =>
        new("The database cannot be reached.", mayHaveCommitted);

    /// <summary>
    /// Fails the <paramref name="nth"/> write (from 1) and, with <paramref name="stays"/>, every call after it.
    /// </summary>
    private static void FailWrite(AccountBench bench, int nth, bool stays = true)
    {
        var writes = 0;
        bench.Store.Before = call =>
            (call == "accounts.update" && ++writes == nth) || (stays && writes >= nth)
                ? Task.FromException(Down())
                : Task.CompletedTask;
    }

    [Fact]
    public async Task A_reply_that_the_store_cannot_take_is_spooled_and_heals_when_it_is_drained()
    {
        using var bench = new AccountBench(Rotation.FamilyKill);
        var key = await bench.ConnectAsync();
        FailWrite(bench, 2);
        Assert.Equal(ErrorCatalogue.StoreUnavailable, (await bench.Host.RefreshAsync(key, 1)).Error!.Code);
        var spooled = Assert.Single(bench.Host.Spool.Replies);
        Assert.Equal((2L, key), (spooled.Generation, spooled.Key));
        bench.Store.Before = null;
        bench.Time.Advance(TimeSpan.FromMinutes(1));

        // Another host takes over meanwhile: it does not present the token, and records that the outcome is unknown.
        var waits = (await bench.NewHost().RefreshAsync(key, 1)).Error!;
        Assert.Equal(
            (ErrorCatalogue.UpstreamUnavailable, AccountLifecycle.RefreshOutcomeUnknown),
            (waits.Code, waits.StatusReason)
        );
        Assert.Equal(1, await bench.Host.Refresher.DrainSpoolAsync(default));
        var row = await bench.RowAsync(key);
        Assert.Equal(
            (AccountStatus.Active, 2L, (string?)null),
            (row.State.Status, row.State.Generation, row.State.Reason)
        );
        Assert.True(bench.Provider.IsGood((await bench.TokenAsync(key))!, bench.Now));
        Assert.Empty(bench.Host.Spool.Replies);
        Assert.Equal(0, await bench.Host.Refresher.DrainSpoolAsync(default));
    }

    [Theory]
    [InlineData("as it was", true)]
    [InlineData("a file of an earlier version", false)]
    [InlineData("the details of another reply", false)]
    public async Task Of_a_spooled_reply_that_no_host_wrote_only_the_sealed_tokens_count(string changed, bool all)
    {
        using var bench = new AccountBench(Rotation.FamilyKill);
        var key = await bench.ConnectAsync();
        bench.Endpoint.Captured = new() { ["instance_url"] = "https://na1.example.com" };
        FailWrite(bench, 2);
        await bench.Host.RefreshAsync(key, 1);
        var spooled = Assert.Single(bench.Host.Spool.Replies);
        bench.Store.Before = null;
        var before = (await bench.RowAsync(key)).State.GrantedScopes;
        var end = bench.Now + bench.Endpoint.AccessLife;
        var next = bench.NewHost();
        await next.Spool.PutAsync(
            changed switch
            {
                "a file of an earlier version" => spooled with { Details = null },
                "the details of another reply" => spooled with { Details = spooled.Grant },
                _ => spooled,
            },
            default
        );
        Assert.Equal(1, await next.Refresher.DrainSpoolAsync(default));
        var row = await bench.RowAsync(key);
        Assert.Equal((AccountStatus.Active, 2L), (row.State.Status, row.State.Generation));
        Assert.True(bench.Provider.IsGood((await bench.TokenAsync(key))!, bench.Now));
        Assert.Equal(all ? end : null, row.State.Grant!.AccessExpiresAt);
        Assert.Equal(all ? "https://na1.example.com" : null, row.State.Parameters.GetValueOrDefault("instance_url"));
        Assert.Equal(before, row.State.GrantedScopes);
    }

    /// <summary>
    /// The process ends between the sync of the response and its commit: the commit never happens, and nothing but the
    /// disk remains. The process that follows commits the response before it takes over the lease.
    /// </summary>
    [Theory]
    [InlineData(Rotation.SingleUse)]
    [InlineData(Rotation.FamilyKill)]
    public async Task A_reply_is_on_the_disk_before_its_commit_and_the_successor_commits_it(Rotation rotation)
    {
        using var bench = new AccountBench(rotation);
        var key = await bench.ConnectAsync();
        var (writes, spooled) = (0, 0);
        bench.Store.Before = call =>
        {
            if (call != "accounts.update" || ++writes != 2)
                return Task.CompletedTask;
            spooled = bench.Host.Spool.Replies.Count;
            return new TaskCompletionSource().Task;
        };
        _ = bench.Host.RefreshAsync(key, 1);
        Assert.Equal((2, 1), (writes, spooled));

        bench.Store.Before = null;
        var next = bench.NewHost(isDead: _ => true, spool: bench.Host.Spool);
        Assert.Equal(2, (await next.RefreshAsync(key, 1)).Value.Generation);
        Assert.Equal((1, 0), (bench.Endpoint.Calls, bench.Provider.Replays));
        Assert.True(bench.Provider.IsGood((await bench.TokenAsync(key))!, bench.Now));
        Assert.Empty(next.Spool.Replies);
    }

    [Fact]
    public async Task A_committed_reply_leaves_nothing_on_the_disk()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync();
        Assert.True((await bench.Host.RefreshAsync(key, 1)).Value.Refreshed);
        Assert.Empty(bench.Host.Spool.Replies);
        Assert.Equal(1, bench.Host.Spool.Puts);
    }

    [Fact]
    public async Task The_host_that_holds_the_reply_commits_it_at_the_next_attempt_also_when_the_spool_is_full()
    {
        using var bench = new AccountBench(Rotation.FamilyKill);
        var key = await bench.ConnectAsync();
        bench.Host.Spool.Full = true;
        FailWrite(bench, 2);
        await bench.Host.RefreshAsync(key, 1);
        Assert.Empty(bench.Host.Spool.Replies);
        bench.Store.Before = null;
        Assert.Equal(2, (await bench.Host.RefreshAsync(key, 1)).Value.Generation);
        Assert.Equal(1, bench.Endpoint.Calls);
    }

    [Fact]
    public async Task A_commit_whose_acknowledgement_was_lost_is_found_done_when_the_spool_is_drained()
    {
        using var bench = new AccountBench(Rotation.FamilyKill);
        var key = await bench.ConnectAsync();
        var writes = 0;
        bench.Store.After = call =>
            call == "accounts.update" && ++writes == 2 ? Task.FromException(Down(true)) : Task.CompletedTask;
        Assert.False((await bench.Host.RefreshAsync(key, 1)).IsOk);
        Assert.Single(bench.Host.Spool.Replies);
        Assert.Equal(0, await bench.Host.Refresher.DrainSpoolAsync(default));
        Assert.Equal((2L, 0), ((await bench.RowAsync(key)).State.Generation, bench.Host.Spool.Replies.Count));
        Assert.Equal(2, (await bench.Host.RefreshAsync(key, 1)).Value.Generation);
    }

    [Fact]
    public async Task An_intent_whose_acknowledgement_was_lost_is_given_back_since_nothing_was_sent()
    {
        using var bench = new AccountBench(Rotation.FamilyKill);
        var key = await bench.ConnectAsync();
        var writes = 0;
        bench.Store.After = call =>
            call == "accounts.update" && ++writes == 1 ? Task.FromException(Down(true)) : Task.CompletedTask;
        Assert.Equal(ErrorCatalogue.StoreUnavailable, (await bench.Host.RefreshAsync(key, 1)).Error!.Code);
        Assert.NotNull((await bench.RowAsync(key)).State.Intent);
        bench.Time.Advance(TimeSpan.FromMinutes(1));
        var cooling = await bench.Host.RefreshAsync(key, 1);
        bench.Time.Advance(cooling.Error?.RetryAfter ?? TimeSpan.Zero);
        Assert.Equal(2, (await bench.Host.RefreshAsync(key, 1)).Value.Generation);
        Assert.Equal((1, 0), (bench.Endpoint.Calls, bench.Provider.Replays));
    }

    /// <summary>
    /// Found by the simulation: a cool-down ends between the read and the write, so the write is an intent, and its
    /// acknowledgement is lost.
    /// </summary>
    [Fact]
    public async Task An_intent_that_became_possible_late_and_was_not_acknowledged_is_given_back_too()
    {
        using var bench = new AccountBench(Rotation.FamilyKill);
        var key = await bench.ConnectAsync();
        bench.Endpoint.Next(Act.Unavailable);
        await bench.Host.RefreshAsync(key, 1);
        var reads = 0;
        bench.Store.Before = call =>
        {
            if (call == "accounts.find" && ++reads == 2)
                bench.Time.Advance(TimeSpan.FromMinutes(1));
            return Task.CompletedTask;
        };
        bench.Store.After = call => call == "accounts.update" ? Task.FromException(Down(true)) : Task.CompletedTask;
        Assert.Equal(ErrorCatalogue.StoreUnavailable, (await bench.Host.RefreshAsync(key, 1)).Error!.Code);
        (bench.Store.Before, bench.Store.After) = (null, null);
        Assert.NotNull((await bench.RowAsync(key)).State.Intent);
        bench.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.False((await bench.NewHost().RefreshAsync(key, 1)).IsOk);
        Assert.NotNull((await bench.RowAsync(key)).State.Doubt);
        await bench.Host.Refresher.DrainSpoolAsync(default);
        Assert.Null((await bench.RowAsync(key)).State.Doubt);
        Assert.Equal(AccountStatus.Active, (await bench.RowAsync(key)).State.Status);
    }

    [Fact]
    public async Task A_503_that_could_not_be_reported_is_reported_later_and_leaves_no_attempt_in_doubt()
    {
        using var bench = new AccountBench(Rotation.FamilyKill);
        var key = await bench.ConnectAsync();
        bench.Endpoint.Next(Act.Unavailable);
        FailWrite(bench, 2);
        await bench.Host.RefreshAsync(key, 1);
        bench.Store.Before = null;
        bench.Time.Advance(TimeSpan.FromMinutes(1));
        var cooling = await bench.Host.RefreshAsync(key, 1);
        Assert.Null((await bench.RowAsync(key)).State.Doubt);
        bench.Time.Advance(cooling.Error?.RetryAfter ?? TimeSpan.Zero);
        Assert.Equal(2, (await bench.Host.RefreshAsync(key, 1)).Value.Generation);
    }

    [Fact]
    public async Task A_store_that_is_down_before_the_intent_costs_nothing()
    {
        using var bench = new AccountBench(Rotation.FamilyKill);
        var key = await bench.ConnectAsync();
        FailWrite(bench, 1);
        Assert.Equal(ErrorCatalogue.StoreUnavailable, (await bench.Host.RefreshAsync(key, 1)).Error!.Code);
        bench.Store.Before = null;
        Assert.Equal(2, (await bench.Host.RefreshAsync(key, 1)).Value.Generation);
        Assert.Equal(1, bench.Endpoint.Calls);
    }

    [Fact]
    public async Task A_reconnect_during_a_refresh_stands_and_the_late_reply_is_dropped()
    {
        using var bench = new AccountBench(Rotation.FamilyKill);
        var key = await bench.ConnectAsync();
        var (reached, go) = bench.Endpoint.Hold();
        var call = bench.Host.RefreshAsync(key, 1);
        await reached;
        await bench.StoreGrantAsync(await bench.RowAsync(key), TimeSpan.FromHours(1));
        var consented = await bench.TokenAsync(key);
        go.SetResult();
        Assert.Equal(2, (await call).Value.Generation);
        Assert.Equal(consented, await bench.TokenAsync(key));
        Assert.Empty(bench.Endpoint.Revoked);
    }

    [Fact]
    public async Task An_account_whose_connection_is_gone_is_disconnected_and_not_due_for_ever()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync();
        Assert.Equal(
            WriteOutcome.Written,
            await bench.Store.Connections.DeleteAsync(AccountBench.Acme, "conn_1", 1, [], default)
        );
        var answer = await bench.Host.RefreshAsync(key, why: RefreshReason.Scheduled);
        Assert.Equal(ErrorCatalogue.ConnectionUnknown, answer.Error!.Code);
        var row = await bench.RowAsync(key);
        Assert.Equal(
            (AccountStatus.Disconnected, StatusReason.ConnectionDeleted),
            (row.State.Status, row.State.Reason)
        );
        await bench.Host.Revoker.FinishUpstreamAsync(key, default);
        Assert.Empty(await bench.Store.Accounts.FindDueAsync(bench.Now.AddYears(1), [0], 1, 10, [], default));
    }

    [Fact]
    public async Task A_lease_written_by_a_clock_an_hour_ahead_holds_its_account_for_as_long_as_a_lease_lasts()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync();
        await bench.Host.Runner.ApplyAsync(
            key,
            _ => new AccountEvent.RefreshWanted(
                bench.Now.AddHours(1),
                RefreshReason.OnDemand,
                "att_ahead",
                "host-gone",
                null,
                false,
                0.5
            ),
            default
        );
        var began = bench.Now;
        var answer = await bench.RunAsync(bench.NewHost().RefreshAsync(key));
        Assert.True(answer.Value.Refreshed);
        Assert.InRange(
            bench.Now - began,
            bench.Options.Lease,
            bench.Options.Lease + bench.Options.ClockSkew + TimeSpan.FromSeconds(2)
        );
    }
}
