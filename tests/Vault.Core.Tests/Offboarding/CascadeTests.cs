using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Keys;
using Vault.Core.Ledger;
using Vault.Core.Offboarding;
using Vault.Core.Organizations;
using Vault.Core.Sealing;
using Vault.Core.Tests.Refresh;
using Vault.TestKit.Sealing;

namespace Vault.Core.Tests.Offboarding;

public sealed class CascadeTests : IAsyncDisposable
{
    private readonly List<LedgerWriter> _writers = [];

    public async ValueTask DisposeAsync()
    {
        foreach (var writer in _writers)
            await writer.DisposeAsync();
    }

    private CascadeRunner NewRunner(AccountBench bench, AccountBench.TestHost? host = null)
    {
        var writer = new LedgerWriter(
            bench.Store.Ledger,
            new LedgerEntryWriter(bench.Entropy),
            TimeProvider.System,
            new LedgerWriterOptions()
        );
        _writers.Add(writer);
        return new CascadeRunner(
            bench.Store.Organizations,
            bench.Store.Accounts,
            (host ?? bench.Host).Revoker,
            new KeyErasure(bench.Keys, bench.Keyring, bench.Time),
            bench.Keys,
            new LedgerErasure(bench.Store.Ledger, writer),
            bench.Ids,
            bench.Time
        );
    }

    [Fact]
    public async Task An_erasure_revokes_every_grant_upstream_then_destroys_the_keys_then_purges()
    {
        using var bench = new AccountBench();
        for (var i = 0; i < 120; i++)
            await bench.ConnectAsync(TimeSpan.FromHours(1), "user" + i);
        await bench.MoveGateAsync(new OrganizationEvent.EraseWanted(bench.Now, "key_1"));
        var receipt = (await NewRunner(bench).EraseAsync(AccountBench.Acme, default)).Value;
        Assert.Equal(
            (120L, 1, OrganizationStatus.Erased),
            (receipt.AccountsRevoked, receipt.KeysDestroyed, receipt.Status)
        );
        Assert.Equal(120, bench.Endpoint.Revoked.Distinct().Count());
        Assert.Empty(bench.Provider.Alive);
        Assert.Empty(
            (await bench.Store.Accounts.ListAsync(AccountBench.Acme, new AccountFilter(), 10, null, default)).Items
        );
        Assert.Equal(
            ErrorCatalogue.OrganizationUnknown,
            (await bench.Keyring.HoldActiveAsync(AccountBench.Acme, default)).Error!.Code
        );
    }

    [Fact]
    public async Task After_a_crash_in_the_middle_it_goes_on_from_its_cursor()
    {
        using var bench = new AccountBench();
        for (var i = 0; i < 120; i++)
            await bench.ConnectAsync(TimeSpan.FromHours(1), "user" + i);
        await bench.MoveGateAsync(new OrganizationEvent.EraseWanted(bench.Now, "key_1"));

        // The process dies when it asks for the second page: the first one is done and noted.
        var lists = 0;
        bench.Store.Before = call =>
            call == "accounts.list" && ++lists == 2
                ? Task.FromException(new StoreUnavailableException("crash", false))
                : Task.CompletedTask;
        await Assert.ThrowsAsync<StoreUnavailableException>(() =>
            NewRunner(bench).EraseAsync(AccountBench.Acme, default)
        );
        var stopped = (await bench.Store.Organizations.FindAsync(AccountBench.Acme, default))!.State.Cascade!;
        Assert.Equal(50, stopped.Done);
        Assert.NotNull(stopped.Cursor);
        Assert.Equal(50, bench.Endpoint.Revoked.Count);
        bench.Store.Before = null;
        var after = bench.NewHost();
        Assert.Equal([AccountBench.Acme], await bench.Store.Organizations.FindCascadesAsync(10, default));
        await NewRunner(bench, after).ResumeAsync(AccountBench.Acme, default);
        Assert.Equal((120, 120), (bench.Endpoint.Revoked.Count, bench.Endpoint.Revoked.Distinct().Count()));
        Assert.Equal(
            OrganizationStatus.Erased,
            (await bench.Store.Organizations.FindAsync(AccountBench.Acme, default))!.State.Status
        );
        Assert.Empty(bench.Provider.Alive);
    }

    [Fact]
    public async Task Hosts_that_walk_at_once_count_each_account_once_and_who_asks_again_gets_the_same_receipt()
    {
        using var bench = new AccountBench();
        for (var i = 0; i < 120; i++)
            await bench.ConnectAsync(TimeSpan.FromHours(1), "user" + i);
        await bench.MoveGateAsync(new OrganizationEvent.EraseWanted(bench.Now, "key_1"));
        var begun = bench.Now;

        // The second host walks the whole way while the first one waits for its second page.
        var second = NewRunner(bench, bench.NewHost());
        var lists = 0;
        var meanwhile = Task.CompletedTask;
        bench.Store.Before = call =>
            call == "accounts.list" && ++lists == 2
                ? meanwhile = second.ResumeAsync(AccountBench.Acme, default)
                : Task.CompletedTask;
        var first = (await NewRunner(bench).EraseAsync(AccountBench.Acme, default)).Value;
        await meanwhile;
        bench.Time.Advance(TimeSpan.FromHours(1));
        var again = (await NewRunner(bench).EraseAsync(AccountBench.Acme, default)).Value;
        Assert.Equal((120L, begun, OrganizationStatus.Erased), (again.AccountsRevoked, again.StartedAt, again.Status));
        Assert.Equal(again, first);
    }

    [Fact]
    public async Task A_removed_connection_disconnects_its_accounts_and_no_others()
    {
        using var bench = new AccountBench();
        var mine = await bench.ConnectAsync(TimeSpan.FromHours(1), "ada");
        await bench.MoveGateAsync(new OrganizationEvent.DisconnectWanted(bench.Now, "conn_1", "key_1"));
        Assert.Equal(1, await NewRunner(bench).ResumeAsync(AccountBench.Acme, default));
        var row = await bench.RowAsync(mine);
        Assert.Equal(
            (AccountStatus.Disconnected, StatusReason.ConnectionDeleted),
            (row.State.Status, row.State.Reason)
        );
        Assert.Null(row.Grant);
        Assert.Empty(bench.Provider.Alive);
        var organization = (await bench.Store.Organizations.FindAsync(AccountBench.Acme, default))!.State;
        Assert.Equal((true, (Cascade?)null), (organization.Gate.Open, organization.Cascade));

        var other = await bench.ConnectAsync(TimeSpan.FromHours(1), "eve");
        await bench.MoveGateAsync(new OrganizationEvent.DisconnectWanted(bench.Now, "conn_2", "key_1"));
        Assert.Equal(0, await NewRunner(bench).ResumeAsync(AccountBench.Acme, default));
        Assert.Equal(AccountStatus.Active, (await bench.RowAsync(other)).State.Status);
    }

    [Fact]
    public async Task Erasing_what_nobody_asked_to_erase_is_refused()
    {
        using var bench = new AccountBench();
        Assert.Equal(
            ErrorCatalogue.Conflict,
            (await NewRunner(bench).EraseAsync(AccountBench.Acme, default)).Error!.Code
        );
        Assert.Equal(0, await NewRunner(bench).ResumeAsync(AccountBench.Acme, default));
    }

    [Fact]
    public async Task A_rotation_that_cannot_begin_is_not_told_as_the_one_before_it()
    {
        using var bench = new AccountBench();
        await bench.ConnectAsync(TimeSpan.FromHours(1));
        var journal = new InMemoryKeyRotationStore();
        using var wrapper = new LocalKeyWrapper([.. Enumerable.Repeat((byte)7, 32)], bench.Entropy);
        var down = new Unlisted(bench.Keys);
        var rotation = new KeyRotation(
            down,
            journal,
            new InMemorySealedRows(),
            wrapper,
            bench.Keyring,
            bench.Sealer,
            bench.Ids,
            bench.Entropy,
            bench.Time
        );
        var owner = new OrganizationOwner(
            bench.Store.Organizations,
            NewRunner(bench),
            rotation,
            bench.Host.Cache,
            bench.Ids,
            bench.Time,
            bench.Options
        );
        Assert.Equal(2u, (await owner.RotateKeyAsync(AccountBench.Acme, "key_1", default)).Value);
        Assert.Equal([LedgerEvents.KeyRotationBegun, LedgerEvents.KeyRotated], journal.Drafts.Select(d => d.Type));
        down.IsDown = true;
        await Assert.ThrowsAsync<StoreUnavailableException>(() =>
            owner.RotateKeyAsync(AccountBench.Acme, "key_1", default)
        );
        Assert.Equal(2, journal.Drafts.Count);
        down.IsDown = false;

        // A caller who goes away while it runs does not take the ledger's entries along.
        using var gone = new CancellationTokenSource();
        down.Listed = gone.Cancel;
        Assert.Equal(3u, (await owner.RotateKeyAsync(AccountBench.Acme, "key_1", gone.Token)).Value);
        Assert.Equal(
            [LedgerEvents.KeyRotationBegun, LedgerEvents.KeyRotated],
            journal.Drafts.Skip(2).Select(d => d.Type)
        );
    }

    private sealed class Unlisted(IOrganizationKeyStore keys) : IOrganizationKeyStore
    {
        public bool IsDown { get; set; }

        public Action? Listed { get; set; }

        public ValueTask<OrganizationKeyRow?> FindActiveAsync(
            OrganizationId organization,
            CancellationToken cancellationToken
        ) => keys.FindActiveAsync(organization, cancellationToken);

        public ValueTask<OrganizationKeyRow?> FindAsync(
            OrganizationId organization,
            uint version,
            CancellationToken cancellationToken
        ) => keys.FindAsync(organization, version, cancellationToken);

        public ValueTask<IReadOnlyList<OrganizationKeyRow>> ListAsync(
            OrganizationId organization,
            CancellationToken cancellationToken
        )
        {
            Listed?.Invoke();
            return IsDown
                ? throw new StoreUnavailableException("down", false)
                : keys.ListAsync(organization, cancellationToken);
        }

        public ValueTask<bool> TryInsertAsync(OrganizationKeyRow row, CancellationToken cancellationToken) =>
            keys.TryInsertAsync(row, cancellationToken);

        public ValueTask<bool> TryUpdateAsync(
            OrganizationKeyRow next,
            long expectedRowVersion,
            CancellationToken cancellationToken
        ) => keys.TryUpdateAsync(next, expectedRowVersion, cancellationToken);

        public ValueTask<int> DestroyAllAsync(
            OrganizationId organization,
            DateTimeOffset now,
            CancellationToken cancellationToken
        ) => keys.DestroyAllAsync(organization, now, cancellationToken);

        public ValueTask<IReadOnlyList<OrganizationKeyRow>> ListNotUnderMasterAsync(
            string masterKeyId,
            OrganizationKeyPosition? after,
            int limit,
            CancellationToken cancellationToken
        ) => keys.ListNotUnderMasterAsync(masterKeyId, after, limit, cancellationToken);
    }

    [Fact]
    public async Task Suspending_is_acknowledged_only_after_the_freshness_lease()
    {
        using var bench = new AccountBench();
        var owner = new OrganizationOwner(
            bench.Store.Organizations,
            NewRunner(bench),
            null!,
            bench.Host.Cache,
            bench.Ids,
            bench.Time,
            bench.Options
        );
        var suspend = owner.SuspendAsync(AccountBench.Acme, "key_1", default);
        bench.Time.Advance(bench.Options.FreshnessLease - TimeSpan.FromMilliseconds(1));
        Assert.False(suspend.IsCompleted);
        bench.Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(new Gate(false, 2), (await suspend).Value.State.Gate);
        Assert.Equal(
            new Gate(true, 3),
            (await bench.RunAsync(owner.ResumeAsync(AccountBench.Acme, "key_1", default))).Value.State.Gate
        );
    }
}
