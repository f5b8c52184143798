using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Packs;
using Vault.TestKit.Provider;

namespace Vault.Core.Tests.Refresh;

/// <summary>The real refresher against a strict provider.</summary>
public sealed class AccountRefresherTests
{
    [Theory]
    [InlineData(Rotation.SingleUse)]
    [InlineData(Rotation.FamilyKill)]
    [InlineData(Rotation.Grace)]
    [InlineData(Rotation.Never)]
    public async Task Two_hundred_callers_on_one_expired_account_make_one_call(Rotation rotation)
    {
        using var bench = new AccountBench(rotation);
        var key = await bench.ConnectAsync();
        var (reached, go) = bench.Endpoint.Hold();
        var callers = Enumerable.Range(0, 200).Select(_ => Task.Run(() => bench.Host.RefreshAsync(key, 1))).ToList();
        await reached;
        go.SetResult();
        var answers = await Task.WhenAll(callers);
        Assert.All(answers, a => Assert.Equal((AccountStatus.Active, 2L), (a.Value.Status, a.Value.Generation)));
        Assert.Equal((1, 0, 0), (bench.Endpoint.Calls, bench.Provider.Replays, bench.Provider.GraceReuses));
        Assert.True(bench.Provider.IsGood((await bench.TokenAsync(key))!, bench.Now));
    }

    [Fact]
    public async Task Two_hosts_on_one_store_make_one_call()
    {
        using var bench = new AccountBench(Rotation.FamilyKill);
        var key = await bench.ConnectAsync();
        var other = bench.NewHost();
        var (reached, go) = bench.Endpoint.Hold();
        var first = bench.Host.RefreshAsync(key, 1);
        await reached;
        var second = Enumerable.Range(0, 20).Select(_ => other.RefreshAsync(key, 1)).ToList();
        Assert.All(second, t => Assert.False(t.IsCompleted));
        go.SetResult();
        Assert.Equal(2, (await first).Value.Generation);
        foreach (var answer in await bench.RunAsync(Task.WhenAll(second)))
            Assert.Equal((2L, false), (answer.Value.Generation, answer.Value.Refreshed));
        Assert.Equal((1, 0), (bench.Endpoint.Calls, bench.Provider.Replays));
    }

    [Fact]
    public async Task A_caller_who_gives_up_after_the_intent_does_not_stop_the_commit()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync();
        var (reached, go) = bench.Endpoint.Hold();
        using var impatient = new CancellationTokenSource();
        var call = bench.Host.RefreshAsync(key, 1, cancellationToken: impatient.Token);
        await reached;
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        var underway = Assert.Single(bench.Host.Refresher.Underway);
        go.SetResult();
        await underway;
        Assert.Equal(2, (await bench.RowAsync(key)).State.Generation);
    }

    [Theory]
    [InlineData(Act.Unavailable)]
    [InlineData(Act.TooMany)]
    [InlineData(Act.Broken)]
    [InlineData(Act.RefuseClient)]
    public async Task While_the_access_token_lives_a_failing_endpoint_is_no_callers_error(Act act)
    {
        using var bench = new AccountBench(Rotation.FamilyKill);
        var key = await bench.ConnectAsync(TimeSpan.FromMinutes(3));
        bench.Endpoint.Next(act);
        var answer = await bench.Host.RefreshAsync(key, 1, RefreshReason.Scheduled);
        Assert.Equal(
            (AccountStatus.Active, 1L, false),
            (answer.Value.Status, answer.Value.Generation, answer.Value.Refreshed)
        );
        Assert.Equal(
            (AccountStatus.Active, (string?)null),
            ((await bench.RowAsync(key)).State.Status, (await bench.RowAsync(key)).State.Reason)
        );
    }

    [Fact]
    public async Task After_a_503_on_an_expired_token_callers_wait_out_the_cool_down_and_it_heals()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync();
        bench.Endpoint.Next(Act.Unavailable);
        var failed = (await bench.Host.RefreshAsync(key, 1)).Error!;
        Assert.Equal(ErrorCatalogue.UpstreamUnavailable, failed.Code);
        Assert.Equal(ErrorCatalogue.UpstreamUnavailable, (await bench.Host.RefreshAsync(key, 1)).Error!.Code);
        Assert.Equal(1, bench.Endpoint.Calls);
        bench.Time.Advance(failed.RetryAfter!.Value);
        Assert.Equal(2, (await bench.Host.RefreshAsync(key, 1)).Value.Generation);
    }

    [Fact]
    public async Task A_grant_revoked_upstream_costs_one_call_and_every_caller_gets_the_reason()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync();
        bench.Provider.RevokeEverything();
        var (reached, go) = bench.Endpoint.Hold();
        var callers = Enumerable.Range(0, 100).Select(_ => Task.Run(() => bench.Host.RefreshAsync(key, 1))).ToList();
        await reached;
        go.SetResult();
        foreach (var answer in await Task.WhenAll(callers))
            Assert.Equal(
                (ErrorCatalogue.AuthRevoked, StatusReason.UserRevoked),
                (answer.Error!.Code, answer.Error.StatusReason)
            );
        Assert.Equal(ErrorCatalogue.AuthRevoked, (await bench.Host.RefreshAsync(key, 1)).Error!.Code);
        Assert.Equal(1, bench.Endpoint.Calls);
    }

    [Theory]
    [InlineData(Rotation.SingleUse, Ending.Healed)]
    [InlineData(Rotation.Never, Ending.Healed)]
    [InlineData(Rotation.FamilyKill, Ending.InDoubt)]
    public async Task After_a_crash_past_the_intent_another_host_takes_over_when_the_lease_is_over_and_not_before(
        Rotation rotation,
        Ending ends
    )
    {
        using var bench = new AccountBench(rotation);
        var key = await bench.ConnectAsync();
        var crash = new StopAt("intent_written");
        var doomed = bench.NewHost(crash);
        _ = doomed.RefreshAsync(key, 1);
        await crash.Reached.Task;
        bench.Time.Advance(bench.Options.Lease - TimeSpan.FromMilliseconds(1));
        Assert.Equal(
            ErrorCatalogue.RefreshInProgress,
            (await bench.Host.RefreshAsync(key, 1, RefreshReason.Scheduled)).Error!.Code
        );
        Assert.Equal(0, bench.Endpoint.Calls);
        bench.Time.Advance(TimeSpan.FromMilliseconds(1));
        var answer = await bench.Host.RefreshAsync(key, 1);
        if (ends == Ending.Healed)
            Assert.Equal(2, answer.Value.Generation);
        else
            Assert.Equal(
                (ErrorCatalogue.UpstreamUnavailable, AccountLifecycle.RefreshOutcomeUnknown),
                (answer.Error!.Code, answer.Error.StatusReason)
            );
        Assert.Equal(0, bench.Provider.Replays);
    }

    public enum Ending
    {
        Healed,
        InDoubt,
    }

    [Fact]
    public async Task The_same_host_restarted_knows_that_the_former_process_is_dead_and_does_not_wait()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync();
        var crash = new StopAt("intent_written");
        _ = bench.NewHost(crash).RefreshAsync(key, 1);
        await crash.Reached.Task;
        Assert.Equal(2, (await bench.NewHost(isDead: h => h == "host-2").RefreshAsync(key, 1)).Value.Generation);
    }

    [Theory]
    [InlineData("intent_written")]
    [InlineData("before_send")]
    public async Task A_process_frozen_past_its_lease_does_not_send(string where)
    {
        using var bench = new AccountBench(Rotation.Grace);
        var key = await bench.ConnectAsync();
        var freeze = new StopAt(where);
        var frozen = bench.NewHost(freeze);
        var call = frozen.RefreshAsync(key, 1, RefreshReason.Scheduled);
        await freeze.Reached.Task;
        bench.Time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(2, (await bench.Host.RefreshAsync(key, 1)).Value.Generation);

        // After the grace window: if it were sent now, the provider would revoke the family and the row would still say
        // ACTIVE.
        bench.Time.Advance(TimeSpan.FromMinutes(11));
        freeze.Go.SetResult();
        await call;
        Assert.Equal((1, 0), (bench.Endpoint.Calls, bench.Provider.Replays));
        Assert.True(bench.Provider.IsGood((await bench.TokenAsync(key))!, bench.Now));
    }

    [Fact]
    public async Task A_process_frozen_past_the_acknowledgement_of_a_revocation_does_not_send()
    {
        // The schedule: intent written, process frozen for 2 s, revoke acknowledged after 1 s, process wakes with 23 s
        // of its lease left.
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync();
        var freeze = new StopAt("before_send");
        var call = bench.NewHost(freeze).RefreshAsync(key, 1, RefreshReason.Scheduled);
        await freeze.Reached.Task;
        await bench.RunAsync(bench.Host.Revoker.RevokeAsync(key, "key_1", StatusReason.RevokedByRequest, default));
        bench.Time.Advance(TimeSpan.FromSeconds(1));
        freeze.Go.SetResult();
        Assert.False((await call).IsOk);
        Assert.Equal(0, bench.Endpoint.Calls);
    }

    [Fact]
    public async Task A_process_frozen_past_the_acknowledgement_of_a_shut_gate_does_not_send()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync();
        var freeze = new StopAt("before_send");
        var call = bench.NewHost(freeze).RefreshAsync(key, 1);
        await freeze.Reached.Task;
        await bench.ShutGateAsync();
        bench.Time.Advance(TimeSpan.FromSeconds(2));
        freeze.Go.SetResult();
        Assert.Equal(ErrorCatalogue.OrganizationSuspended, (await call).Error!.Code);
        Assert.Equal(0, bench.Endpoint.Calls);
        Assert.Null((await bench.RowAsync(key)).State.Intent);
    }

    [Fact]
    public async Task A_shut_gate_refuses_the_intent_and_the_insert()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync();
        await bench.ShutGateAsync();
        Assert.Equal(ErrorCatalogue.OrganizationSuspended, (await bench.Host.RefreshAsync(key, 1)).Error!.Code);
        var other = new Vault.Core.Identity.AccountKey(AccountBench.Acme, new("eve"), AccountBench.Connection);

        // The caller read the gate as open: the write itself refuses.
        var prepared = await bench.Host.GrantStore.PrepareAsync(
            other,
            "conn_1",
            AcmePacks.Id,
            [],
            new Core.Identity.Gate(true, 1),
            "key_1",
            default
        );
        Assert.Equal(ErrorCatalogue.OrganizationSuspended, prepared.Error!.Code);
        Assert.Equal(0, bench.Endpoint.Calls);
    }

    [Fact]
    public async Task A_lost_reply_is_presented_again_only_where_that_is_harmless()
    {
        foreach (
            var (rotation, generation, replays) in new[]
            {
                (Rotation.Never, 2L, 0),
                (Rotation.Grace, 2L, 0),
                (Rotation.SingleUse, 1L, 1),
                (Rotation.FamilyKill, 1L, 0),
            }
        )
        {
            using var bench = new AccountBench(rotation);
            var key = await bench.ConnectAsync();
            bench.Endpoint.Next(Act.DropReply);
            Assert.False((await bench.Host.RefreshAsync(key, 1)).IsOk);
            bench.Time.Advance(TimeSpan.FromSeconds(5));
            var again = await bench.Host.RefreshAsync(key, 1);
            Assert.Equal((generation, replays), ((await bench.RowAsync(key)).State.Generation, bench.Provider.Replays));
            if (generation == 1)
                Assert.Equal(
                    rotation == Rotation.SingleUse ? StatusReason.RefreshOutcomeLost : "timeout",
                    again.Error!.StatusReason
                );
        }
    }

    [Fact]
    public async Task A_complaint_that_joins_an_attempt_which_found_the_token_good_gets_its_own_refresh()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync(TimeSpan.FromHours(1));
        var reading = new TaskCompletionSource();
        var go = new TaskCompletionSource();
        bench.Store.Before = async call =>
        {
            if (call != "accounts.find" || !reading.TrySetResult())
                return;
            await go.Task;
        };
        var sweep = bench.Host.RefreshAsync(key, 1, RefreshReason.Scheduled);
        await reading.Task;
        var complaint = bench.Host.RefreshAsync(key, 1, RefreshReason.Rejected);
        go.SetResult();
        Assert.Equal(1, (await sweep).Value.Generation);
        Assert.Equal(2, (await complaint).Value.Generation);
        Assert.Equal(1, bench.Endpoint.Calls);
    }
}
