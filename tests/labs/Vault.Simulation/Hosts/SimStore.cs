using Vault.Core.Accounts;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Persistence;

namespace Vault.Simulation;

/// <summary>
/// The accounts as one process sees them: every call goes over the network, to the strict store that all hosts share.
/// With a bug it is a store that lies.
/// </summary>
internal sealed class SimStore(World world, SimHost host) : IAccountStore
{
    private readonly Dictionary<AccountKey, AccountSnapshot> _remembered = [];

    public Task<AccountSnapshot?> FindAsync(AccountKey key, CancellationToken cancellationToken) =>
        world.CallAsync<AccountSnapshot?>(host, Peer.Store, "read", world.Of(key), () =>
            Seen(Scene.Wait(world.Store.Accounts.FindAsync(key, default)))
        );

    public Task<WriteOutcome> UpdateAsync(
        AccountRow row,
        long expectedVersion,
        GateCheck gate,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    ) =>
        world.CallAsync<WriteOutcome>(host, Peer.Store, "write", world.Of(row.Key), () =>
            Write(row, expectedVersion, gate, drafts)
        );

    public Task<IReadOnlyList<DueAccount>> FindDueAsync(
        DateTimeOffset now,
        IReadOnlyCollection<int> mine,
        int shards,
        int limit,
        IReadOnlyCollection<string> without,
        CancellationToken cancellationToken
    ) =>
        world.CallAsync<IReadOnlyList<DueAccount>>(host, Peer.Store, "find due", null, () =>
            Scene.Wait(world.Store.Accounts.FindDueAsync(now, mine, shards, limit, without, default))
        );

    /// <summary>What the cache reads; with a deaf cache, what it read first.</summary>
    public IAccountStore ForCache() => world.Bug == Bug.DeafCache ? new Deaf(this) : this;

    private AccountSnapshot? Seen(AccountSnapshot? snapshot)
    {
        if (snapshot is null)
            return null;
        var row = snapshot.Row;
        if (world.Bug == Bug.NoIntent && row.State.Intent is { } theirs && theirs.Holder != host.Holder)
            row = row with { State = row.State with { Intent = null } };
        if (world.Bug == Bug.ShortLease && row.State.Intent is { } held && held.Holder != host.Holder)
            row = row with { State = row.State with { Intent = held with { LeaseUntil = held.StartedAt } } };
        return snapshot with
        {
            Row = row,
            Gate = world.Bug == Bug.DeafGate ? snapshot.Gate with { Open = true } : snapshot.Gate,
        };
    }

    private object Write(AccountRow row, long expectedVersion, GateCheck gate, IReadOnlyList<LedgerDraft> drafts)
    {
        var subject = world.Of(row.Key);
        var before = world.RowOf(subject);
        if (world.Bug == Bug.NoCompareAndSwap)
            expectedVersion = before.Version;
        if (world.Bug == Bug.DeafGate)
            gate = GateCheck.None;
        if (
            world.Bug == Bug.RevokeLoses
            && before.State.Status == AccountStatus.Revoked
            && row.State.Generation > before.State.Generation
        )
            row = row with
            {
                State = row.State with
                {
                    Status = AccountStatus.Active,
                    Reason = null,
                    Revocation = UpstreamRevocation.None,
                },
            };
        if (
            world.Bug == Bug.NullRefreshToken
            && row.State.Generation > before.State.Generation
            && world.Plan.Rotation == Vault.Core.Packs.Rotation.Never
        )
            row = world.WithoutRefreshToken(row);
        if (world.Bug == Bug.OutboxApart && drafts.Count > 0 && world.Dice.Chance(10))
            drafts = [];
        var outcome = Scene.Wait(world.Store.Accounts.UpdateAsync(row, expectedVersion, gate, drafts, default));
        if (outcome == WriteOutcome.Written)
            world.Written(host, subject, before, world.RowOf(subject), drafts);
        world.Tell(() => outcome == WriteOutcome.Written ? "wrote " + Story.Brief(row.State) : outcome.ToString());
        return outcome;
    }

    public Task<AccountSnapshot?> FindAsync(
        OrganizationId organization,
        AccountId id,
        CancellationToken cancellationToken
    ) => throw new NotSupportedException();

    public Task<UserAccounts?> FindForUserAsync(
        OrganizationId organization,
        UserId user,
        string provider,
        CancellationToken cancellationToken
    ) => throw new NotSupportedException();

    public Task<WriteOutcome> InsertAsync(
        AccountRow row,
        GateCheck gate,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    ) => throw new NotSupportedException();

    public Task<WriteOutcome> DeleteAsync(
        OrganizationId organization,
        AccountId id,
        long expectedVersion,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    ) => throw new NotSupportedException();

    public Task<Page<AccountRow>> ListAsync(
        OrganizationId organization,
        AccountFilter filter,
        int pageSize,
        string? cursor,
        CancellationToken cancellationToken
    ) =>
        world.CallAsync<Page<AccountRow>>(host, Peer.Store, "list", null, () =>
            Scene.Wait(world.Store.Accounts.ListAsync(organization, filter, pageSize, cursor, default))
        );

    public Task<long> CountDueAsync(DateTimeOffset now, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task TouchAsync(
        IReadOnlyList<(OrganizationId Organization, AccountId Id, DateTimeOffset UsedAt)> uses,
        CancellationToken cancellationToken
    ) => throw new NotSupportedException();

    private sealed class Deaf(SimStore store) : IAccountStore
    {
        public async Task<AccountSnapshot?> FindAsync(AccountKey key, CancellationToken cancellationToken)
        {
            if (store._remembered.TryGetValue(key, out var known) && known.Row.State.Status == AccountStatus.Active)
                return known;
            var read = await store.FindAsync(key, cancellationToken);
            if (read is not null)
                store._remembered[key] = read;
            return read;
        }

        public Task<AccountSnapshot?> FindAsync(
            OrganizationId organization,
            AccountId id,
            CancellationToken cancellationToken
        ) => throw new NotSupportedException();

        public Task<UserAccounts?> FindForUserAsync(
            OrganizationId organization,
            UserId user,
            string provider,
            CancellationToken cancellationToken
        ) => throw new NotSupportedException();

        public Task<WriteOutcome> InsertAsync(
            AccountRow row,
            GateCheck gate,
            IReadOnlyList<LedgerDraft> drafts,
            CancellationToken cancellationToken
        ) => throw new NotSupportedException();

        public Task<WriteOutcome> UpdateAsync(
            AccountRow row,
            long expectedVersion,
            GateCheck gate,
            IReadOnlyList<LedgerDraft> drafts,
            CancellationToken cancellationToken
        ) => throw new NotSupportedException();

        public Task<WriteOutcome> DeleteAsync(
            OrganizationId organization,
            AccountId id,
            long expectedVersion,
            IReadOnlyList<LedgerDraft> drafts,
            CancellationToken cancellationToken
        ) => throw new NotSupportedException();

        public Task<Page<AccountRow>> ListAsync(
            OrganizationId organization,
            AccountFilter filter,
            int pageSize,
            string? cursor,
            CancellationToken cancellationToken
        ) => throw new NotSupportedException();

        public Task<IReadOnlyList<DueAccount>> FindDueAsync(
            DateTimeOffset now,
            IReadOnlyCollection<int> mine,
            int shards,
            int limit,
            IReadOnlyCollection<string> without,
            CancellationToken cancellationToken
        ) => throw new NotSupportedException();

        public Task<long> CountDueAsync(DateTimeOffset now, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task TouchAsync(
            IReadOnlyList<(OrganizationId Organization, AccountId Id, DateTimeOffset UsedAt)> uses,
            CancellationToken cancellationToken
        ) => throw new NotSupportedException();
    }
}
