using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Refresh;
using Vault.Core.Sealing;

namespace Vault.Core.Tests.Refresh;

public sealed class CredentialCacheTests
{
    [Fact]
    public async Task Within_the_lease_nothing_is_read_and_past_it_one_small_read_confirms()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync(TimeSpan.FromHours(1));
        var reads = 0;
        bench.Store.Before = _ =>
        {
            reads++;
            return Task.CompletedTask;
        };
        var first = (await bench.Host.Cache.TakeAsync(key, false, default)).Value;
        for (var i = 0; i < 100; i++)
            (await bench.Host.Cache.TakeAsync(key, false, default)).Value.Release();
        Assert.Equal(1, reads);
        bench.Time.Advance(bench.Options.FreshnessLease);
        var confirmed = (await bench.Host.Cache.TakeAsync(key, false, default)).Value;
        Assert.Equal(2, reads);
        Assert.Same(first, confirmed);
        (await bench.Host.Cache.TakeAsync(key, true, default)).Value.Release();
        Assert.Equal(3, reads);
    }

    [Fact]
    public async Task A_peek_is_read_once_for_many_callers_and_for_the_call_that_follows()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync(TimeSpan.FromHours(1));
        var reads = 0;
        var held = new TaskCompletionSource();
        bench.Store.Before = call =>
        {
            reads += call == "accounts.find" ? 1 : 0;
            return held.Task;
        };
        var peeks = Enumerable.Range(0, 50).Select(_ => bench.Host.Cache.PeekAsync(key, default).AsTask()).ToList();
        held.SetResult();
        Assert.All(await Task.WhenAll(peeks), p => Assert.Equal(key, p.Value.Row.Key));
        Assert.Equal((1, 0), (reads, bench.Host.Cache.Count));
        var taken = (await bench.Host.Cache.TakeAsync(key, false, default)).Value;
        Assert.Equal((1, 1), (reads, bench.Host.Cache.Count));
        Assert.Same(taken.Seen, (await bench.Host.Cache.PeekAsync(key, default)).Value);
        taken.Release();

        // A change is seen: the next peek reads again.
        await bench.ShutGateAsync();
        bench.Host.Cache.Drop(key);
        Assert.False((await bench.Host.Cache.PeekAsync(key, default)).Value.Gate.Open);
        Assert.Equal(2, reads);
        var nobody = new AccountKey(key.Organization, new UserId("nobody"), key.Connection, "");
        Assert.Equal(
            ErrorCatalogue.AccountNotConnected,
            (await bench.Host.Cache.PeekAsync(nobody, default)).Error?.Code
        );
    }

    [Fact]
    public async Task What_the_resolver_has_read_is_not_read_again_neither_at_first_nor_to_confirm()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync(TimeSpan.FromHours(1));
        var provider = (await bench.RowAsync(key)).Provider;
        var reads = 0;
        bench.Store.Before = _ =>
        {
            reads++;
            return Task.CompletedTask;
        };
        OpenAccount? first = null;
        for (var lease = 1; lease <= 3; lease++)
        {
            for (var call = 0; call < 5; call++)
            {
                Assert.True(
                    (
                        await bench.Host.Resolver.ResolveAsync(
                            new AccountQuestion(key.Organization, key.User, provider, null, null, null),
                            default
                        )
                    ).IsOk
                );
                var taken = (await bench.Host.Cache.TakeAsync(key, false, default)).Value;
                Assert.Same(first ??= taken, taken);
                taken.Release();
            }

            Assert.Equal(lease, reads);
            bench.Time.Advance(bench.Options.FreshnessLease);
        }
    }

    [Fact]
    public async Task An_offer_from_before_a_drop_is_not_taken()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync(TimeSpan.FromHours(1));
        var mark = bench.Host.Cache.Mark();
        var old = (await bench.Store.Accounts.FindAsync(key, default))!;
        await bench.ShutGateAsync();
        bench.Host.Cache.Drop(key);
        bench.Host.Cache.Offer(old, mark);
        var taken = (await bench.Host.Cache.TakeAsync(key, false, default)).Value;
        Assert.False(taken.Gate.Open);
        taken.Release();
    }

    [Fact]
    public async Task An_offer_is_as_old_as_its_read()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync(TimeSpan.FromHours(1));
        var mark = bench.Host.Cache.Mark();
        bench.Host.Cache.Offer((await bench.Store.Accounts.FindAsync(key, default))!, mark);
        await bench.ShutGateAsync();
        bench.Time.Advance(bench.Options.FreshnessLease);
        var taken = (await bench.Host.Cache.TakeAsync(key, false, default)).Value;
        Assert.False(taken.Gate.Open);
        taken.Release();
    }

    [Fact]
    public async Task A_credential_in_use_outlives_its_entry_and_is_zeroed_when_the_last_user_lets_go()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync(TimeSpan.FromHours(1));
        var one = (await bench.Host.Cache.TakeAsync(key, false, default)).Value;
        var two = (await bench.Host.Cache.TakeAsync(key, false, default)).Value;
        bench.Host.Cache.Drop(key);
        one.Release();
        Assert.StartsWith("at-", two.Grant!.AccessToken.RevealText(), StringComparison.Ordinal);
        two.Release();
        Assert.Throws<ObjectDisposedException>(() => two.Grant.AccessToken.RevealText());
        Assert.Equal(0, bench.Host.Cache.Count);
    }

    [Fact]
    public async Task Idle_entries_are_forgotten()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync(TimeSpan.FromHours(1));
        var taken = (await bench.Host.Cache.TakeAsync(key, false, default)).Value;
        taken.Release();
        bench.Time.Advance(TimeSpan.FromMinutes(1));
        bench.Host.Cache.Sweep(TimeSpan.FromSeconds(30));
        Assert.Equal(0, bench.Host.Cache.Count);
        Assert.Throws<ObjectDisposedException>(() => taken.Grant!.AccessToken.RevealText());
    }

    [Fact]
    public async Task A_new_generation_is_seen_at_the_next_confirmation()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync();
        var other = bench.NewHost();
        (await other.Cache.TakeAsync(key, false, default)).Value.Release();
        await bench.Host.RefreshAsync(key, 1);
        bench.Time.Advance(bench.Options.FreshnessLease);
        var taken = (await other.Cache.TakeAsync(key, false, default)).Value;
        Assert.Equal(2, taken.Row.State.Generation);
        taken.Release();
    }

    [Fact]
    public async Task A_database_that_never_answers_in_time_is_an_error_not_an_old_credential()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync(TimeSpan.FromHours(1));
        bench.Store.After = _ =>
        {
            bench.Time.Advance(TimeSpan.FromSeconds(2));
            return Task.CompletedTask;
        };
        Assert.Equal(
            ErrorCatalogue.StoreUnavailable,
            (await bench.Host.Cache.TakeAsync(key, false, default)).Error!.Code
        );
    }

    [Fact]
    public async Task Taken_and_dropped_by_many_at_once_no_user_ever_holds_a_zeroed_secret()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync(TimeSpan.FromHours(1));
        await Task.WhenAll(
            Enumerable
                .Range(0, 8)
                .Select(worker =>
                    Task.Run(async () =>
                    {
                        for (var i = 0; i < 500; i++)
                        {
                            var taken = (await bench.Host.Cache.TakeAsync(key, false, default)).Value;
                            Assert.StartsWith("at-", taken.Grant!.AccessToken.RevealText(), StringComparison.Ordinal);
                            if (i % 7 == worker)
                                bench.Host.Cache.Drop(key);
                            taken.Release();
                        }
                    })
                )
        );
    }

    [Theory]
    [InlineData("refresh")]
    [InlineData("revoke")]
    [InlineData("store_grant")]
    [InlineData("lost_acknowledgement")]
    public async Task A_row_that_this_host_has_written_is_not_served_as_it_was(string write)
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync();
        (await bench.Host.Cache.TakeAsync(key, false, default)).Value.Release();
        switch (write)
        {
            case "refresh":
                Assert.True((await bench.Host.RefreshAsync(key, 1)).IsOk);
                break;
            case "store_grant":
                await bench.StoreGrantAsync(await bench.RowAsync(key), TimeSpan.FromHours(1));
                break;
            case "revoke":
                await RevokeAsync(bench, key);
                break;
            default:
                bench.Store.After = call =>
                    call == "accounts.update"
                        ? Task.FromException(new StoreUnavailableException("The connection broke.", true))
                        : Task.CompletedTask;
                await Assert.ThrowsAsync<StoreUnavailableException>(() => RevokeAsync(bench, key));
                break;
        }

        var row = await bench.RowAsync(key);
        var taken = (await bench.Host.Cache.TakeAsync(key, false, default)).Value;
        Assert.Equal((row.Version, row.State.Generation), (taken.Row.Version, taken.Row.State.Generation));
        taken.Release();
    }

    [Fact]
    public async Task A_row_that_another_host_has_written_is_not_served_as_it_was_once_this_host_has_seen_it()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync();
        (await bench.Host.Cache.TakeAsync(key, false, default)).Value.Release();
        await bench.NewHost().RefreshAsync(key, 1);
        Assert.Equal(2, (await bench.Host.RefreshAsync(key, 1)).Value.Generation);
        Assert.Equal(1, bench.Endpoint.Calls);
        var taken = (await bench.Host.Cache.TakeAsync(key, false, default)).Value;
        Assert.Equal(2, taken.Row.State.Generation);
        taken.Release();
    }

    [Fact]
    public async Task A_fresh_token_is_served_as_it_is_in_hand_neither_read_back_nor_decrypted()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync();
        Assert.True((await bench.Host.RefreshAsync(key, 1)).Value.Refreshed);
        bench.Keyring.Forget(AccountBench.Acme);
        bench.Keys.OnRead = () => Task.FromException(new KeyServiceUnavailableException("away"));
        bench.Store.Before = _ => Task.FromException(new StoreUnavailableException("away", false));
        var fresh = (await bench.Host.Cache.TakeAsync(key, false, default)).Value;
        Assert.Equal(2, fresh.Row.State.Generation);
        Assert.True(bench.Provider.IsGood(fresh.Grant!.RefreshToken!.RevealText(), bench.Now));
        bench.Store.Before = null;
        bench.Time.Advance(bench.Options.FreshnessLease);
        var confirmed = (await bench.Host.Cache.TakeAsync(key, false, default)).Value;
        Assert.Same(fresh, confirmed);
        bench.Keys.OnRead = null;
        using var stored = (await bench.Sealing.OpenGrantAsync(confirmed.Row, default)).Value!;
        Assert.Equal(stored.AccessToken.RevealText(), confirmed.Grant!.AccessToken.RevealText());
        fresh.Release();
        confirmed.Release();
    }

    [Fact]
    public async Task A_gate_that_closed_during_the_call_is_noticed_although_the_token_is_in_hand()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync();
        var (reached, go) = bench.Endpoint.Hold();
        var call = bench.Host.RefreshAsync(key, 1);
        await reached;
        await bench.ShutGateAsync();
        bench.Time.Advance(bench.Options.FreshnessLease);
        go.SetResult();
        Assert.True((await call).Value.Refreshed);
        var taken = (await bench.Host.Cache.TakeAsync(key, false, default)).Value;
        Assert.False(taken.Gate.Open);
        taken.Release();
    }

    [Fact]
    public async Task A_token_that_the_sweep_has_obtained_takes_no_memory()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync(TimeSpan.FromMinutes(3));
        var refreshed = await bench.Host.RefreshAsync(key, 1, RefreshReason.Scheduled);
        Assert.Equal((true, 0), (refreshed.Value.Refreshed, bench.Host.Cache.Count));
    }

    private static Task RevokeAsync(AccountBench bench, Core.Identity.AccountKey key) =>
        bench.Host.Runner.ApplyAsync(
            key,
            _ => new AccountEvent.RevokeWanted(bench.Now, StatusReason.RevokedByRequest),
            default
        );
}
