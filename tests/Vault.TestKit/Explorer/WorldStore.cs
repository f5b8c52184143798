using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Persistence;

namespace Vault.TestKit.Explorer;

/// <summary>The account row of the search and its organization's gate.</summary>
internal sealed class WorldRow
{
    public required AccountRow Row { get; set; }

    public Gate Gate { get; set; } = new(true, 1);

    /// <summary>How often each generation was committed.</summary>
    public Dictionary<long, int> Commits { get; } = [];
}

/// <summary>
/// The store as one host sees it: every call is a step of the search. When a protection is switched off, it returns
/// wrong data or skips a check.
/// </summary>
internal sealed class WorldStore(World world, WorldHost host) : IAccountStore
{
    public async Task<AccountSnapshot?> FindAsync(AccountKey key, CancellationToken cancellationToken)
    {
        await world.TakeTurnAsync(host, Port.Read, "read").ConfigureAwait(false);
        var row = world.Stored.Row;
        if (world.Options.Off == Off.Intent)
            row = row with { State = row.State with { Intent = Mine(row.State.Intent) } };
        if (world.Options.Off == Off.Lease && row.State.Intent is { } held && held.Holder != host.Holder)
            row = row with { State = row.State with { Intent = held with { LeaseUntil = held.StartedAt } } };
        world.Saw(host, World.Canon(row, world.TokenOf(world.Stored.Row)) + world.Stored.Gate);
        return new AccountSnapshot(row, world.Stored.Gate);
    }

    // When intents are switched off, a host does not see the intent of another host.
    private RefreshIntent? Mine(RefreshIntent? intent) => intent?.Holder == host.Holder ? intent : null;

    public async Task<WriteOutcome> UpdateAsync(
        AccountRow row,
        long expectedVersion,
        GateCheck gate,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    )
    {
        var turn = await world.TakeTurnAsync(host, Port.Write, "write").ConfigureAwait(false);
        if (turn == Turn.Refused)
        {
            world.Saw(host, "refused");
            throw new StoreUnavailableException("refused", false);
        }

        var outcome = Write(row, expectedVersion, gate);
        world.Saw(host, turn + " " + outcome);
        world.Log(
            outcome == WriteOutcome.Written ? $"wrote {World.Brief(world.Stored.Row.State)}" : outcome.ToString()
        );
        return turn == Turn.Unanswered ? throw new StoreUnavailableException("unanswered", true) : outcome;
    }

    private WriteOutcome Write(AccountRow row, long expectedVersion, GateCheck gate)
    {
        if (gate.RequiredEpoch is { } epoch && (!world.Stored.Gate.Open || world.Stored.Gate.Epoch != epoch))
            return WriteOutcome.GateShut;
        var stored = world.Stored.Row;
        if (stored.Version != expectedVersion && world.Options.Off != Off.CompareAndSwap)
            return WriteOutcome.Stale;
        if (row.State.Generation > stored.State.Generation)
            world.Stored.Commits[row.State.Generation] =
                world.Stored.Commits.GetValueOrDefault(row.State.Generation) + 1;
        if (row.State.Generation > stored.State.Generation)
            host.InHand = null;
        if (row.State.Status == AccountStatus.Revoked && stored.State.Status != AccountStatus.Revoked)
            world.RevokedAt = world.Now;
        world.Stored.Row = row with { Version = stored.Version + 1 };
        return WriteOutcome.Written;
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
