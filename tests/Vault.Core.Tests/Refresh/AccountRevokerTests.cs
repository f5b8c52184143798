using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Organizations;
using Vault.Core.Packs;
using Vault.Core.Sealing;
using Vault.TestKit.Provider;

namespace Vault.Core.Tests.Refresh;

public sealed class AccountRevokerTests
{
    private static Task<Result<RevocationReceipt>> RevokeAsync(
        AccountBench bench,
        Vault.Core.Identity.AccountKey key
    ) => bench.RunAsync(bench.Host.Revoker.RevokeAsync(key, "key_1", StatusReason.RevokedByRequest, default));

    [Fact]
    public async Task It_is_acknowledged_only_after_the_freshness_lease_and_no_cached_credential_is_used_after()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync(TimeSpan.FromHours(1));
        var other = bench.NewHost();
        (await other.Cache.TakeAsync(key, false, default)).Value.Release();
        var revoke = bench.Host.Revoker.RevokeAsync(key, "key_1", StatusReason.RevokedByRequest, default);

        // The other host may still use what it just read, so the revocation is not acknowledged yet.
        var stale = (await other.Cache.TakeAsync(key, false, default)).Value;
        Assert.Equal(AccountStatus.Active, stale.Row.State.Status);
        stale.Release();
        bench.Time.Advance(bench.Options.FreshnessLease - TimeSpan.FromMilliseconds(1));
        Assert.False(revoke.IsCompleted);
        bench.Time.Advance(TimeSpan.FromMilliseconds(1));
        var receipt = (await revoke).Value;
        Assert.Equal((UpstreamRevocation.Confirmed, bench.Options.FreshnessLease), (receipt.Provider, receipt.Elapsed));
        var now = (await other.Cache.TakeAsync(key, false, default)).Value;
        Assert.Equal((AccountStatus.Revoked, (GrantTokens?)null), (now.Row.State.Status, now.Grant));
        now.Release();
        Assert.Empty(bench.Provider.Alive);
    }

    [Fact]
    public async Task A_row_that_was_read_before_and_arrives_after_the_acknowledgement_is_not_used()
    {
        // The schedule: the database answers host B's read, the response takes 3 s to arrive; meanwhile A revokes and
        // acknowledges.
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync(TimeSpan.FromHours(1));
        var other = bench.NewHost();
        var (read, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        bench.Store.After = async call =>
        {
            if (call == "accounts.find" && read.TrySetResult())
                await go.Task;
        };
        var slow = other.Cache.TakeAsync(key, false, default).AsTask();
        await read.Task;
        await RevokeAsync(bench, key);
        go.SetResult();
        var taken = (await slow).Value;
        Assert.Equal(AccountStatus.Revoked, taken.Row.State.Status);
        taken.Release();
    }

    [Fact]
    public async Task A_refresh_under_way_is_revoked_upstream_when_its_late_grant_comes()
    {
        foreach (var rotation in new[] { Rotation.SingleUse, Rotation.FamilyKill, Rotation.Grace })
        {
            using var bench = new AccountBench(rotation);
            var key = await bench.ConnectAsync();
            var late = new StopAt("reply_received");
            var call = bench.NewHost(late).RefreshAsync(key, 1);
            await late.Reached.Task;
            await RevokeAsync(bench, key);
            late.Go.SetResult();
            Assert.Equal(ErrorCatalogue.AuthRevoked, (await call).Error!.Code);
            var row = await bench.RowAsync(key);
            Assert.Equal(
                (AccountStatus.Revoked, UpstreamRevocation.Confirmed),
                (row.State.Status, row.State.Revocation)
            );
            Assert.Null(row.Grant);
            Assert.Empty(bench.Provider.Alive);
        }
    }

    /// <summary>
    /// Found by the simulation: a refresh is sent, the account is reconnected, and revoked while the provider is down;
    /// then the response to the refresh arrives.
    /// </summary>
    [Fact]
    public async Task A_late_grant_that_a_reconnect_replaced_is_no_answer_about_the_grant_in_the_row()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync();
        var late = new StopAt("reply_received");
        var call = bench.NewHost(late).RefreshAsync(key, 1);
        await late.Reached.Task;
        await bench.StoreGrantAsync(await bench.RowAsync(key), TimeSpan.FromHours(1));
        (bench.Endpoint.RevocationOutcome, bench.Endpoint.RevocationRetry) = (UpstreamRevocation.Pending, true);
        await RevokeAsync(bench, key);
        (bench.Endpoint.RevocationOutcome, bench.Endpoint.RevocationRetry) = (UpstreamRevocation.Confirmed, false);
        late.Go.SetResult();
        await call;
        Assert.Equal(UpstreamRevocation.Pending, (await bench.RowAsync(key)).State.Revocation);
        bench.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(
            UpstreamRevocation.Confirmed,
            (await bench.Host.Revoker.FinishUpstreamAsync(key, default)).Outcome
        );
        Assert.Empty(bench.Provider.Alive);
    }

    [Fact]
    public async Task A_late_grant_of_an_account_whose_gate_was_shut_and_erased_is_revoked_all_the_same()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync();
        var late = new StopAt("reply_received");
        var call = bench.NewHost(late).RefreshAsync(key, 1);
        await late.Reached.Task;
        await bench.MoveGateAsync(new OrganizationEvent.EraseWanted(bench.Now, "key_1"));
        await bench.Host.Revoker.WithdrawAsync(
            key,
            new AccountEvent.RevokeWanted(bench.Now, StatusReason.OrganizationErased),
            "key_1"
        );
        await bench.Store.Organizations.PurgeAsync(AccountBench.Acme, 1_000, default);
        late.Go.SetResult();
        Assert.False((await call).IsOk);
        Assert.Empty(bench.Provider.Alive);
    }

    [Fact]
    public async Task While_the_provider_is_down_it_stays_pending_and_the_sweep_goes_on_with_it()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync(TimeSpan.FromHours(1));
        (bench.Endpoint.RevocationOutcome, bench.Endpoint.RevocationRetry) = (UpstreamRevocation.Pending, true);
        var receipt = (await RevokeAsync(bench, key)).Value;
        Assert.Equal(UpstreamRevocation.Pending, receipt.Provider);
        Assert.NotEmpty(bench.Provider.Alive);
        (bench.Endpoint.RevocationOutcome, bench.Endpoint.RevocationRetry) = (UpstreamRevocation.Confirmed, false);
        bench.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Single((await bench.Host.Sweep.SweepAsync([0], 1, 10, default)).Begun);
        await Task.WhenAll(bench.Host.Sweep.Underway);
        Assert.Equal(UpstreamRevocation.Confirmed, (await bench.RowAsync(key)).State.Revocation);
        Assert.Empty(bench.Provider.Alive);
        Assert.Null((await bench.RowAsync(key)).DueAt);
    }

    [Fact]
    public async Task A_key_service_that_is_away_leaves_it_pending_and_wipes_nothing()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync(TimeSpan.FromHours(1));
        bench.Keyring.Forget(AccountBench.Acme);
        bench.Keys.OnRead = () => Task.FromException(new KeyServiceUnavailableException("away"));
        Assert.Equal(UpstreamRevocation.Pending, (await RevokeAsync(bench, key)).Value.Provider);
        Assert.NotNull((await bench.RowAsync(key)).Grant);
        bench.Keys.OnRead = null;
        bench.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(
            UpstreamRevocation.Confirmed,
            (await bench.Host.Revoker.FinishUpstreamAsync(key, default)).Outcome
        );
        Assert.Empty(bench.Provider.Alive);
    }

    [Fact]
    public async Task A_revocation_reads_the_row_once_and_the_sweep_reads_it_once_more_to_finish_it()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync(TimeSpan.FromHours(1));
        var calls = new List<string>();
        bench.Store.Before = call =>
        {
            if (call.StartsWith("accounts.", StringComparison.Ordinal))
                calls.Add(call);
            return Task.CompletedTask;
        };
        (bench.Endpoint.RevocationOutcome, bench.Endpoint.RevocationRetry) = (UpstreamRevocation.Pending, true);
        await RevokeAsync(bench, key);
        Assert.Equal(["accounts.find", "accounts.update", "accounts.update"], calls);

        calls.Clear();
        (bench.Endpoint.RevocationOutcome, bench.Endpoint.RevocationRetry) = (UpstreamRevocation.Confirmed, false);
        bench.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Single((await bench.Host.Sweep.SweepAsync([0], 1, 10, default)).Begun);
        await Task.WhenAll(bench.Host.Sweep.Underway);
        Assert.Equal(["accounts.find_due", "accounts.find", "accounts.update"], calls);
    }

    [Fact]
    public async Task Revoking_twice_is_revoking_once()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync(TimeSpan.FromHours(1));
        await RevokeAsync(bench, key);
        Assert.True((await RevokeAsync(bench, key)).IsOk);
        Assert.Single(bench.Endpoint.Revoked);
        Assert.Equal(
            ErrorCatalogue.AccountNotConnected,
            (await RevokeAsync(bench, new(AccountBench.Acme, new("nobody"), AccountBench.Connection))).Error!.Code
        );
    }
}
