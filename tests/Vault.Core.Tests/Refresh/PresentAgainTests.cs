using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Packs;
using Vault.Core.Refresh;
using Vault.TestKit.Provider;

namespace Vault.Core.Tests.Refresh;

/// <summary>
/// Law 5 through the sweep: a refresh token in doubt is presented once more when that can no longer harm, and never
/// otherwise.
/// </summary>
public sealed class PresentAgainTests
{
    private static async Task SweepAsync(AccountBench bench, AccountBench.TestHost? host = null)
    {
        var sweeping = host ?? bench.Host;
        var round = await sweeping.Sweep.SweepAsync([0], 1, 1_000, default);
        await bench.RunAsync(Task.WhenAll(sweeping.Sweep.Underway).ContinueWith(_ => round, TaskScheduler.Default));
    }

    /// <summary>Sweeps every ten seconds.</summary>
    private static async Task SweepForAsync(AccountBench bench, TimeSpan time, AccountBench.TestHost? host = null)
    {
        for (var end = bench.Now + time; bench.Now < end; bench.Time.Advance(TimeSpan.FromSeconds(10)))
            await SweepAsync(bench, host);
    }

    private static async Task<IReadOnlyList<string>> LedgerAsync(AccountBench bench) =>
        [.. (await bench.Store.Ledger.ReadOutboxAsync(1_000, default)).Select(e => e.Index.Type!)];

    [Theory]
    [InlineData(Act.Broken, AccountStatus.Active, 2L, 0)]
    [InlineData(Act.BrokenAfterActing, AccountStatus.RequiresReauth, 1L, 1)]
    [InlineData(Act.DropReply, AccountStatus.RequiresReauth, 1L, 1)]
    public async Task A_lost_response_costs_the_grant_only_where_the_provider_had_acted(
        Act act,
        AccountStatus status,
        long generation,
        int replays
    )
    {
        using var bench = new AccountBench(Rotation.FamilyKill);
        var key = await bench.ConnectAsync(TimeSpan.FromMinutes(4));
        bench.Endpoint.Next(act);
        await SweepAsync(bench);

        // The access token serves on, and nothing is presented again.
        await SweepForAsync(bench, TimeSpan.FromMinutes(3.5));
        Assert.Equal(1, bench.Endpoint.Calls);
        Assert.True((await bench.Host.RefreshAsync(key)).IsOk);

        await SweepForAsync(bench, TimeSpan.FromMinutes(2));
        var state = (await bench.RowAsync(key)).State;
        Assert.Equal((status, generation, replays), (state.Status, state.Generation, bench.Provider.Replays));
        Assert.Equal(2, bench.Endpoint.Calls);
        Assert.Equal([(replays == 0, replays == 1)], bench.Host.Observer.Presented);
        Assert.Equal(status == AccountStatus.Active ? null : StatusReason.RefreshOutcomeLost, state.Reason);
        var ledger = await LedgerAsync(bench);
        Assert.Single(ledger, LedgerEvents.AccountPresentedAgain);
        Assert.Single(ledger, LedgerEvents.AccountRefreshOutcomeUnknown);
        Assert.Contains(
            status == AccountStatus.Active ? LedgerEvents.AccountRefreshed : "account.reauth_required",
            ledger
        );
    }

    [Fact]
    public async Task A_caller_presents_nothing_again_and_is_told_when_the_vault_does()
    {
        using var bench = new AccountBench(Rotation.FamilyKill);
        var key = await bench.ConnectAsync();
        bench.Endpoint.Next(Act.Broken);
        await bench.Host.RefreshAsync(key);
        bench.Time.Advance(TimeSpan.FromHours(1));
        foreach (var why in new[] { RefreshReason.OnDemand, RefreshReason.Manual, RefreshReason.Rejected })
        {
            var refused = (await bench.Host.RefreshAsync(key, 1, why)).Error!;
            Assert.Equal((ErrorCatalogue.UpstreamUnavailable, "http_500"), (refused.Code, refused.StatusReason));
            Assert.NotNull(refused.RetryAfter);
        }

        Assert.Equal(1, bench.Endpoint.Calls);
        await SweepAsync(bench);
        Assert.True((await bench.Host.RefreshAsync(key)).IsOk);
    }

    [Fact]
    public async Task A_process_that_died_in_silence_is_waited_for_until_the_next_one_on_its_folder_has_drained_it()
    {
        using var bench = new AccountBench(Rotation.FamilyKill);
        var key = await bench.ConnectAsync();
        var crash = new StopAt("before_send");
        _ = bench.NewHost(crash, folder: "/f1.1").RefreshAsync(key);
        await crash.Reached.Task;
        await SweepForAsync(bench, TimeSpan.FromMinutes(3));
        Assert.Equal((0, AccountStatus.Active), (bench.Endpoint.Calls, (await bench.RowAsync(key)).State.Status));

        // Another folder settles nothing; a later process on the same folder does.
        await bench.NewHost(folder: "/f2.7").Refresher.DrainSpoolAsync(default);
        await SweepForAsync(bench, TimeSpan.FromMinutes(3));
        Assert.Equal(0, bench.Endpoint.Calls);
        await bench.NewHost(folder: "/f1.2").Refresher.DrainSpoolAsync(default);
        await SweepForAsync(bench, TimeSpan.FromMinutes(3));
        Assert.Equal((1, 2L), (bench.Endpoint.Calls, (await bench.RowAsync(key)).State.Generation));
    }

    [Fact]
    public async Task A_folder_that_an_operator_declares_lost_settles_the_attempts_of_its_processes()
    {
        using var bench = new AccountBench(Rotation.FamilyKill);
        var key = await bench.ConnectAsync();
        var crash = new StopAt("before_send");
        _ = bench.NewHost(crash, folder: "/f1.3").RefreshAsync(key);
        await crash.Reached.Task;
        await SweepForAsync(bench, TimeSpan.FromMinutes(2));
        Assert.Equal(0, bench.Endpoint.Calls);
        await SettledHolders.DeclareLostAsync(bench.Store.RefreshNotes, "f1", bench.Now, default);
        await SweepForAsync(bench, TimeSpan.FromMinutes(2));
        Assert.Equal((1, 2L), (bench.Endpoint.Calls, (await bench.RowAsync(key)).State.Generation));
    }

    [Fact]
    public async Task Without_a_word_from_anybody_the_horizon_settles_an_attempt()
    {
        using var bench = new AccountBench(Rotation.FamilyKill);
        var key = await bench.ConnectAsync();
        var crash = new StopAt("before_send");
        _ = bench.NewHost(crash).RefreshAsync(key);
        await crash.Reached.Task;
        await SweepForAsync(bench, bench.Options.Horizon - TimeSpan.FromSeconds(30));
        Assert.Equal(0, bench.Endpoint.Calls);
        await SweepForAsync(bench, TimeSpan.FromMinutes(1));
        Assert.Equal((1, 2L), (bench.Endpoint.Calls, (await bench.RowAsync(key)).State.Generation));
    }

    [Theory]
    [InlineData(ReuseKills.User)]
    [InlineData(ReuseKills.Client)]
    public async Task Where_a_reuse_kills_more_than_the_grant_the_account_is_lowered_and_nothing_is_presented(
        ReuseKills kills
    )
    {
        using var bench = new AccountBench(Rotation.FamilyKill, kills: kills);
        var key = await bench.ConnectAsync();
        bench.Endpoint.Next(Act.Broken);
        await SweepForAsync(bench, TimeSpan.FromHours(1));
        Assert.Equal(1, bench.Endpoint.Calls);
        Assert.Equal(StatusReason.RefreshOutcomeLost, (await bench.RowAsync(key)).State.Reason);
    }

    [Fact]
    public async Task While_another_account_of_the_same_person_works_nothing_is_presented_again()
    {
        using var bench = new AccountBench(Rotation.FamilyKill);
        var key = await bench.ConnectAsync();
        bench.Endpoint.Next(Act.Broken);
        await SweepAsync(bench);
        await bench.ConnectAsync(TimeSpan.FromDays(1), label: "second");
        await SweepForAsync(bench, TimeSpan.FromMinutes(5));
        Assert.Equal(1, bench.Endpoint.Calls);
        var state = (await bench.RowAsync(key)).State;
        Assert.Equal((AccountStatus.RequiresReauth, StatusReason.RefreshOutcomeLost), (state.Status, state.Reason));
    }

    [Fact]
    public async Task Of_two_accounts_of_one_person_in_doubt_the_second_is_not_presented_once_the_first_works_again()
    {
        using var bench = new AccountBench(Rotation.FamilyKill);
        var one = await bench.ConnectAsync(TimeSpan.FromMinutes(3));
        var two = await bench.ConnectAsync(TimeSpan.FromMinutes(4), label: "second");
        bench.Endpoint.Next(Act.Broken, Act.Broken);
        await SweepForAsync(bench, TimeSpan.FromMinutes(10));
        Assert.Equal((3, 0), (bench.Endpoint.Calls, bench.Provider.Replays));
        AccountState[] states = [(await bench.RowAsync(one)).State, (await bench.RowAsync(two)).State];
        Assert.Single(states, s => s is { Status: AccountStatus.Active, Generation: 2 });
        Assert.Single(states, s =>
            s is { Status: AccountStatus.RequiresReauth, Reason: StatusReason.RefreshOutcomeLost }
        );
    }

    [Fact]
    public async Task Two_answers_that_a_token_was_used_stop_it_for_the_provider_until_an_operator_resumes_it()
    {
        using var bench = new AccountBench(Rotation.FamilyKill, kills: ReuseKills.Family);
        var keys = new List<AccountKey>();
        for (var i = 0; i < 5; i++)
            keys.Add(await bench.ConnectAsync(user: "user-" + i));
        bench.Endpoint.Next([.. Enumerable.Repeat(Act.DropReply, keys.Count)]);
        await SweepForAsync(bench, TimeSpan.FromHours(1));
        Assert.Equal((2, keys.Count + 2), (bench.Provider.Replays, bench.Endpoint.Calls));
        Assert.NotEmpty(bench.Host.Observer.Stopped);

        // Another host knows it too.
        await SweepForAsync(bench, TimeSpan.FromMinutes(20), bench.NewHost());
        Assert.Equal(2, bench.Provider.Replays);
        Assert.Equal(2, await PresentAgainGate.ResumeAsync(bench.Store.RefreshNotes, AcmePacks.Id, default));
        await SweepForAsync(bench, TimeSpan.FromMinutes(20));
        Assert.Equal(4, bench.Provider.Replays);
    }

    [Fact]
    public async Task A_connection_whose_reuse_kills_nobody_knows_what_gets_one_token_at_a_time_and_rests_after_a_reuse()
    {
        using var bench = new AccountBench(Rotation.FamilyKill);
        for (var i = 0; i < 4; i++)
            await bench.ConnectAsync(user: "user-" + i);
        bench.Endpoint.Next([.. Enumerable.Repeat(Act.DropReply, 4)]);
        await SweepForAsync(bench, TimeSpan.FromMinutes(9));
        Assert.Equal(1, bench.Provider.Replays);
        await SweepForAsync(bench, TimeSpan.FromMinutes(10));
        Assert.Equal(2, bench.Provider.Replays);
    }

    [Fact]
    public async Task No_more_tokens_than_the_option_says_are_presented_again_in_a_minute()
    {
        using var bench = new AccountBench(
            Rotation.FamilyKill,
            new LifecycleOptions { PresentAgainPerMinute = 1 },
            ReuseKills.Family
        );
        for (var i = 0; i < 5; i++)
            await bench.ConnectAsync(user: "user-" + i);
        bench.Endpoint.Next([.. Enumerable.Repeat(Act.Broken, 5)]);
        await SweepAsync(bench);
        for (var minute = 0; minute < 8; minute++)
        {
            var calls = bench.Endpoint.Calls;
            await SweepForAsync(bench, TimeSpan.FromMinutes(1));
            Assert.InRange(bench.Endpoint.Calls - calls, 0, 2);
        }

        Assert.Equal((10, 0), (bench.Endpoint.Calls, bench.Provider.Replays));
    }

    /// <summary>A load balancer answers 502 for ten minutes; the provider has seen none of it.</summary>
    [Theory]
    [InlineData(ReuseKills.Unknown)]
    [InlineData(ReuseKills.Family)]
    public async Task An_outage_of_ten_minutes_asks_nobody_for_a_consent(ReuseKills kills)
    {
        using var bench = new AccountBench(Rotation.FamilyKill, kills: kills);
        var keys = new List<AccountKey>();
        for (var i = 0; i < 100; i++)
            keys.Add(await bench.ConnectAsync(TimeSpan.FromMinutes(4), "user-" + i));
        bench.Endpoint.Otherwise = Act.Broken;
        await SweepForAsync(bench, TimeSpan.FromMinutes(10));
        Assert.Single(bench.Host.Observer.Incidents);
        Assert.InRange(bench.Endpoint.Calls, ProviderIncidents.MinAccounts, 60);
        bench.Endpoint.Otherwise = Act.Answer;
        await SweepForAsync(bench, TimeSpan.FromMinutes(15));
        foreach (var key in keys)
        {
            var state = (await bench.RowAsync(key)).State;
            Assert.Equal((AccountStatus.Active, 2L), (state.Status, state.Generation));
        }

        Assert.Equal(0, bench.Provider.Replays);
    }

    [Fact]
    public async Task When_many_grants_are_refused_alike_it_is_the_provider_and_nobody_more_is_lowered()
    {
        using var bench = new AccountBench();
        var keys = new List<AccountKey>();
        for (var i = 0; i < 60; i++)
            keys.Add(await bench.ConnectAsync(TimeSpan.FromMinutes(4), "user-" + i));
        bench.Endpoint.Otherwise = Act.RefuseGrant;
        await SweepForAsync(bench, TimeSpan.FromMinutes(30));
        Assert.Equal(["invalid_grant"], bench.Host.Observer.Incidents);
        var states = new List<AccountState>();
        foreach (var key in keys)
            states.Add((await bench.RowAsync(key)).State);

        // Until enough have failed alike the answer counts as that of one grant.
        Assert.InRange(states.Count(s => s.Status != AccountStatus.Active), 0, ProviderIncidents.MinAccounts);
        Assert.Contains(states, s => s.LastFailure == ProviderIncidents.Failure);
        var waits = (await bench.Host.RefreshAsync(keys[^1])).Error!;
        Assert.Equal((ErrorCatalogue.UpstreamUnavailable, true), (waits.Code, waits.RetryAfter is not null));
        bench.Endpoint.Otherwise = Act.Answer;
        await SweepForAsync(bench, TimeSpan.FromMinutes(20));
        foreach (var key in keys.Where((_, i) => states[i].Status == AccountStatus.Active))
            Assert.Equal(2, (await bench.RowAsync(key)).State.Generation);
    }
}
