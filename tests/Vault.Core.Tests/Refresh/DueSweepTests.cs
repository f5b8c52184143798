using Vault.Core.Accounts;
using Vault.Core.Identity;
using Vault.Core.Packs;
using Vault.Core.Persistence;
using Vault.Core.Sealing;
using Vault.TestKit.Provider;

namespace Vault.Core.Tests.Refresh;

public sealed class DueSweepTests
{
    private static async Task<int> SweepAsync(AccountBench bench, AccountBench.TestHost? host = null)
    {
        var (begun, _) = await (host ?? bench.Host).Sweep.SweepAsync([0], 1, 100, default);
        await Task.WhenAll((host ?? bench.Host).Sweep.Underway);
        return begun.Count;
    }

    private static async Task<(int Begun, bool More)> LookAsync(AccountBench bench, int[] mine, int shards, int limit)
    {
        var (begun, more) = await bench.Host.Sweep.SweepAsync(mine, shards, limit, default);
        return (begun.Count, more);
    }

    [Fact]
    public async Task Trap_an_account_in_use_is_refreshed_before_it_expires_and_no_caller_notices()
    {
        using var bench = new AccountBench(Rotation.FamilyKill);
        var key = await bench.ConnectAsync(TimeSpan.FromHours(1));
        Assert.Equal(0, await SweepAsync(bench));
        bench.Time.Advance(TimeSpan.FromMinutes(56));
        (await bench.Host.Cache.TakeAsync(key, false, default)).Value.Release();
        Assert.Equal(1, await SweepAsync(bench));
        Assert.Equal(2, (await bench.RowAsync(key)).State.Generation);
        Assert.Equal(0, await SweepAsync(bench));
        Assert.Equal(1, bench.Endpoint.Calls);
    }

    [Fact]
    public async Task Two_hosts_sweeping_one_index_refresh_each_account_once()
    {
        using var bench = new AccountBench(Rotation.FamilyKill);
        var keys = new List<Vault.Core.Identity.AccountKey>();
        for (var i = 0; i < 12; i++)
            keys.Add(await bench.ConnectAsync(user: "user" + i));
        var other = bench.NewHost();
        await Task.WhenAll(Task.Run(() => SweepAsync(bench)), Task.Run(() => SweepAsync(bench, other)));
        foreach (var key in keys)
            Assert.Equal(2, (await bench.RowAsync(key)).State.Generation);
        Assert.Equal((12, 0), (bench.Endpoint.Calls, bench.Provider.Replays));
    }

    [Fact]
    public async Task An_outage_does_not_make_it_spin()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync();
        for (var i = 0; i < 1_000; i++)
            bench.Endpoint.Next(Act.Unavailable);
        for (var second = 0; second < 3_600; second++)
        {
            await SweepAsync(bench);
            bench.Time.Advance(TimeSpan.FromSeconds(1));
        }

        // The pause doubles up to ten minutes: one hour has at most 18 attempts.
        Assert.InRange(bench.Endpoint.Calls, 8, 18);
        Assert.Equal(AccountStatus.Active, (await bench.RowAsync(key)).State.Status);
    }

    [Fact]
    public async Task A_lapsed_lease_is_taken_up_without_a_caller()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync();
        var crash = new StopAt("before_send");
        _ = bench.NewHost(crash).RefreshAsync(key, 1);
        await crash.Reached.Task;
        Assert.Equal(0, await SweepAsync(bench));
        bench.Time.Advance(bench.Options.Lease);
        Assert.Equal(1, await SweepAsync(bench));
        Assert.Equal(2, (await bench.RowAsync(key)).State.Generation);
    }

    [Fact]
    public async Task An_account_that_cannot_be_refreshed_expires()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync(TimeSpan.FromMinutes(10), refreshable: false);
        bench.Time.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(1, await SweepAsync(bench));
        var row = await bench.RowAsync(key);
        Assert.Equal(
            (AccountStatus.Expired, StatusReason.CredentialExpired, (DateTimeOffset?)null),
            (row.State.Status, row.State.Reason, row.DueAt)
        );
        Assert.Equal(0, await SweepAsync(bench));
    }

    [Fact]
    public async Task An_organization_whose_gate_is_shut_is_left_alone()
    {
        using var bench = new AccountBench();
        await bench.ConnectAsync();
        await bench.ShutGateAsync();
        Assert.Equal(0, await SweepAsync(bench));
        Assert.Equal(0, bench.Endpoint.Calls);
    }

    [Fact]
    public async Task The_sweep_keeps_to_the_providers_parallelism()
    {
        using var bench = new AccountBench();
        for (var i = 0; i < 40; i++)
            await bench.ConnectAsync(user: "user" + i);
        var held = Enumerable.Range(0, 40).Select(_ => bench.Endpoint.Hold()).ToList();
        Assert.Equal(16, (await bench.Host.Sweep.SweepAsync([0], 1, 100, default)).Begun.Count);
        Assert.Empty((await bench.Host.Sweep.SweepAsync([0], 1, 100, default)).Begun);
        foreach (var (_, go) in held)
            go.SetResult();
        await Task.WhenAll(bench.Host.Sweep.Underway);
        Assert.Equal(16, bench.Endpoint.Calls);
    }

    [Fact]
    public async Task Who_owns_half_the_shards_takes_half_of_a_providers_parallelism_and_only_its_own_accounts()
    {
        using var bench = new AccountBench();
        for (var i = 0; i < 80; i++)
            await bench.ConnectAsync(user: "user" + i);
        var held = Enumerable.Range(0, 80).Select(_ => bench.Endpoint.Hold()).ToList();
        Assert.Equal((0, false), await LookAsync(bench, [], 4, 100));
        Assert.Equal((8, true), await LookAsync(bench, [1, 3], 4, 100));
        foreach (var (_, go) in held)
            go.SetResult();
        await Task.WhenAll(bench.Host.Sweep.Underway);

        var left = await bench.Store.Accounts.FindDueAsync(DateTimeOffset.MaxValue, [0, 2], 4, 100, [], default);
        Assert.Equal(8, bench.Endpoint.Calls);
        while ((await LookAsync(bench, [1, 3], 4, 100)).Begun > 0)
            await Task.WhenAll(bench.Host.Sweep.Underway);
        Assert.Equal(80 - left.Count, bench.Endpoint.Calls);
        Assert.InRange(left.Count, 1, 79);
    }

    [Fact]
    public async Task A_provider_at_its_parallelism_does_not_hold_the_others_back()
    {
        using var bench = new AccountBench();
        for (var i = 0; i < 60; i++)
            await bench.ConnectAsync(user: "user" + i);
        var held = Enumerable.Range(0, 16).Select(_ => bench.Endpoint.Hold()).ToList();
        Assert.Equal((16, true), await LookAsync(bench, [0], 1, 20));
        var room = bench.Host.Sweep.Room;

        // The provider at its limit has more due accounts, and more urgent ones, than a batch holds. Another provider's
        // account is begun all the same.
        var other = await bench.RowAsync(await bench.ConnectAsync(user: "other"));
        Assert.Equal(
            WriteOutcome.Written,
            await bench.Store.Accounts.UpdateAsync(
                other with
                {
                    Provider = "other",
                    Version = other.Version + 1,
                },
                other.Version,
                GateCheck.None,
                [],
                default
            )
        );
        Assert.Equal((1, true), await LookAsync(bench, [0], 1, 20));
        await room;
        foreach (var (_, go) in held)
            go.SetResult();
        await Task.WhenAll(bench.Host.Sweep.Underway);
        Assert.InRange((await bench.Host.Sweep.SweepAsync([0], 1, 20, default)).Begun.Count, 16, 20);
    }

    [Fact]
    public async Task While_a_provider_is_full_and_nothing_else_is_due_the_index_is_not_walked_again_and_again()
    {
        using var bench = new AccountBench();
        for (var i = 0; i < 60; i++)
            await bench.ConnectAsync(user: "user" + i);
        var held = Enumerable.Range(0, 16).Select(_ => bench.Endpoint.Hold()).ToList();
        var looks = 0;
        bench.Store.Before = call =>
        {
            if (call == "accounts.find_due")
                looks++;
            return Task.CompletedTask;
        };
        Assert.Equal((16, true), await LookAsync(bench, [0], 1, 20));
        for (var i = 0; i < 10; i++)
            Assert.Equal((0, true), await LookAsync(bench, [0], 1, 20));
        Assert.Equal(2, looks);

        // An account of another provider that became due meanwhile waits at most a second.
        var other = await bench.RowAsync(await bench.ConnectAsync(user: "other"));
        Assert.Equal(
            WriteOutcome.Written,
            await bench.Store.Accounts.UpdateAsync(
                other with
                {
                    Provider = "other",
                    Version = other.Version + 1,
                },
                other.Version,
                GateCheck.None,
                [],
                default
            )
        );
        bench.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((1, true), await LookAsync(bench, [0], 1, 20));

        // Below the limit the index is read at once.
        foreach (var (_, go) in held)
            go.SetResult();
        await Task.WhenAll(bench.Host.Sweep.Underway);
        Assert.InRange((await bench.Host.Sweep.SweepAsync([0], 1, 20, default)).Begun.Count, 16, 20);
    }

    [Fact]
    public async Task Accounts_whose_work_cannot_begin_do_not_delay_the_others()
    {
        using var bench = new AccountBench();
        for (var i = 0; i < 3; i++)
            await bench.ConnectAsync(TimeSpan.FromMinutes(-10), "stuck" + i);
        var connection = (await bench.Store.Connections.FindAsync(AccountBench.Acme, "conn_1", default))!;
        var other = connection with { Id = "conn_2", Name = new ConnectionName("other") };
        Assert.Equal(
            WriteOutcome.Written,
            await bench.Store.Connections.InsertAsync(other, GateCheck.None, [], default)
        );
        var broken = connection with
        {
            Version = 2,
            ClientSecret = new SealedBlob(1, new byte[80]),
            SecretGeneration = 1,
        };
        Assert.Equal(WriteOutcome.Written, await bench.Store.Connections.UpdateAsync(broken, 1, [], default));
        var key = new AccountKey(AccountBench.Acme, AccountBench.Ada, other.Name);
        await bench.StoreGrantAsync(
            (
                await bench.Host.GrantStore.PrepareAsync(
                    key,
                    "conn_2",
                    AcmePacks.Id,
                    [],
                    new Gate(true, 1),
                    "key_1",
                    default
                )
            ).Value,
            TimeSpan.FromMinutes(-1)
        );

        for (var look = 0; look < 2; look++)
        {
            await bench.Host.Sweep.SweepAsync([0], 1, 2, default);
            await Task.WhenAll(bench.Host.Sweep.Underway);
        }

        Assert.Equal(2, (await bench.RowAsync(key)).State.Generation);

        // They are due again, and their state is unchanged.
        Assert.Empty(await bench.Store.Accounts.FindDueAsync(bench.Now, [0], 1, 10, [], default));
        bench.Time.Advance(TimeSpan.FromSeconds(11));
        var again = await bench.Store.Accounts.FindDueAsync(bench.Now, [0], 1, 10, [], default);
        Assert.Equal(3, again.Count);
        foreach (var stuck in again)
            Assert.Equal(
                (AccountStatus.Active, 0),
                ((await bench.RowAsync(stuck.Key)).State.Status, (await bench.RowAsync(stuck.Key)).State.Failures)
            );
    }
}
