using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Persistence;
using Vault.TestKit.Provider;

namespace Vault.Core.Tests.Refresh;

public sealed class GrantStoreTests
{
    private static readonly Gate Open = new(true, 1);

    private static Task<Result<AccountRow>> PrepareAsync(
        AccountBench bench,
        AccountKey key,
        string connection = "conn_1"
    ) => bench.Host.GrantStore.PrepareAsync(key, connection, AcmePacks.Id, ["read"], Open, "key_1", default);

    [Fact]
    public async Task Many_at_once_prepare_one_account()
    {
        using var bench = new AccountBench();
        var key = new AccountKey(AccountBench.Acme, AccountBench.Ada, AccountBench.Connection);
        var rows = await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => Task.Run(() => PrepareAsync(bench, key))));
        Assert.Single(rows.Select(r => r.Value.Id).Distinct());
        Assert.Equal(AccountStatus.PendingAuth, rows[0].Value.State.Status);
    }

    [Fact]
    public async Task Reconnecting_keeps_the_id_and_makes_the_next_generation()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync();
        var before = await bench.RowAsync(key);
        Assert.Equal(before.Id, (await PrepareAsync(bench, key)).Value.Id);
        var after = await bench.StoreGrantAsync(before, TimeSpan.FromHours(1));
        Assert.Equal((before.Id, 2L), (after.Id, after.State.Generation));
    }

    [Fact]
    public async Task A_grant_sealed_for_a_generation_that_is_taken_is_a_conflict_and_stores_nothing()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync();
        var stale = await bench.RowAsync(key);
        await bench.StoreGrantAsync(stale, TimeSpan.FromHours(1));
        var token = await bench.TokenAsync(key);
        var late = await bench.Host.GrantStore.StoreGrantAsync(
            key,
            new NewGrant
            {
                Account = stale.Id,
                ConnectionId = "conn_1",
                Provider = AcmePacks.Id,
                Generation = 2,
                Grant = stale.Grant,
                InstalledBy = "key_1",
            },
            default
        );
        Assert.Equal(ErrorCatalogue.Conflict, late.Error!.Code);
        Assert.Equal(token, await bench.TokenAsync(key));
    }

    [Fact]
    public async Task A_connection_of_the_same_name_takes_over_disconnected_accounts_at_once()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync(TimeSpan.FromHours(1));
        Assert.Equal(ErrorCatalogue.Conflict, (await PrepareAsync(bench, key, "conn_2")).Error!.Code);
        (bench.Endpoint.RevocationOutcome, bench.Endpoint.RevocationRetry) = (UpstreamRevocation.Pending, true);
        await bench.Host.Revoker.WithdrawAsync(key, new AccountEvent.ConnectionRemoved(bench.Now), "key_1");
        // The revocation at the provider is pending and its client is gone with the connection.
        var moved = (await PrepareAsync(bench, key, "conn_2")).Value;
        Assert.Equal(("conn_2", AccountStatus.PendingAuth), (moved.ConnectionId, moved.State.Status));
        Assert.Contains(await bench.Store.Ledger.ReadOutboxAsync(1_000, default), d =>
            d.Body.Span.IndexOf("account.revocation_failed"u8) >= 0
        );
    }

    [Fact]
    public async Task A_revoked_account_may_move_to_a_new_connection_of_its_name()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync(TimeSpan.FromHours(1));
        await bench.Host.Revoker.WithdrawAsync(
            key,
            new AccountEvent.RevokeWanted(bench.Now, StatusReason.RevokedByRequest),
            "key_1"
        );
        Assert.Equal("conn_2", (await PrepareAsync(bench, key, "conn_2")).Value.ConnectionId);
    }

    [Fact]
    public async Task An_account_that_moves_to_another_provider_drops_the_former_identity_and_the_ledger_records_it()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync(TimeSpan.FromHours(1));
        var row = await bench.RowAsync(key);
        var known = row with
        {
            Version = row.Version + 1,
            State = row.State with
            {
                Identity = new ProviderIdentity("u-1", null, null, null),
                Parameters = row.State.Parameters.Add("hostname", "former.example"),
            },
        };
        await bench.Store.Accounts.UpdateAsync(known, row.Version, GateCheck.None, [], default);
        await bench.Host.Revoker.WithdrawAsync(key, new AccountEvent.ConnectionRemoved(bench.Now), "key_1");
        var before = await bench.Store.Ledger.ReadOutboxAsync(1_000, default);
        var same = (await PrepareAsync(bench, key, "conn_2")).Value;
        Assert.Equal("u-1", same.State.Identity?.Subject);
        Assert.Empty(same.State.Parameters);
        var moved = (
            await bench.Host.GrantStore.PrepareAsync(key, "conn_3", "other", ["read"], Open, "key_1", default)
        ).Value;
        Assert.Equal(
            (row.Id, row.State.Generation, AccountStatus.PendingAuth),
            (moved.Id, moved.State.Generation, moved.State.Status)
        );
        Assert.Null(moved.State.Identity);
        Assert.Equal(before.Count + 2, (await bench.Store.Ledger.ReadOutboxAsync(1_000, default)).Count);
    }

    [Fact]
    public async Task A_key_that_only_replaces_another_does_not_bring_back_an_account_revoked_meanwhile()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync(TimeSpan.FromHours(1));
        var row = await bench.RowAsync(key);
        var given = new NewGrant
        {
            Account = row.Id,
            ConnectionId = "conn_1",
            Provider = AcmePacks.Id,
            Generation = 2,
            Grant = row.Grant,
            InstalledBy = "key_1",
            Replaces = true,
        };
        await bench.Host.Revoker.WithdrawAsync(
            key,
            new AccountEvent.RevokeWanted(bench.Now, StatusReason.RevokedByRequest),
            "key_1"
        );
        var late = await bench.Host.GrantStore.StoreGrantAsync(key, given, default);
        Assert.Equal(
            (ErrorCatalogue.Conflict, StatusReason.RevokedByRequest),
            (late.Error!.Code, late.Error.StatusReason)
        );
        Assert.Equal(AccountStatus.Revoked, (await bench.RowAsync(key)).State.Status);

        // A new consent is allowed: the user gives a new grant.
        Assert.Equal(
            AccountStatus.Active,
            (await bench.Host.GrantStore.StoreGrantAsync(key, given with { Replaces = false }, default))
                .Value
                .State
                .Status
        );
    }
}
