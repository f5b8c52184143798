using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Organizations;
using Vault.Core.Refresh;
using Vault.Core.Sealing;

namespace Vault.Core.Offboarding;

/// <summary>
/// Carries a cascade over all accounts of an organization, page by page. The cursor is written after each page: a crash
/// repeats at most one page, and withdrawing an account twice is withdrawing it once. New accounts cannot slip in
/// behind the cursor: with an erasure the gate is shut and every insert checks it inside its transaction; with a
/// removed connection there is nothing to insert under.
/// </summary>
public sealed class CascadeRunner(
    IOrganizationStore organizations,
    IAccountStore accounts,
    AccountRevoker revoker,
    KeyErasure erasure,
    IOrganizationKeyStore keys,
    LedgerErasure ledger,
    IdFactory ids,
    TimeProvider time
)
{
    private const int PageSize = 50;
    private const int UpstreamTries = 3;

    private OrganizationRunner Runner => new(organizations, ids, time);

    /// <summary>Goes on with whatever cascade is under way; answers how many accounts it dealt with in all.</summary>
    public async Task<long> ResumeAsync(OrganizationId id, CancellationToken cancellationToken)
    {
        var row = await organizations.FindAsync(id, cancellationToken).ConfigureAwait(false);
        if (row?.State.Cascade is not { } cascade)
            return 0;
        if (cascade.Kind == OrganizationLifecycle.EraseKind)
        {
            await EraseAsync(id, cancellationToken).ConfigureAwait(false);
            return cascade.Done;
        }

        var done = await WalkAsync(id, cascade, cancellationToken).ConfigureAwait(false);
        await ApplyAsync(
                id,
                new OrganizationEvent.CascadeFinished(time.GetUtcNow(), cascade.Kind, done),
                cascade.RequestedBy,
                cancellationToken
            )
            .ConfigureAwait(false);
        return done;
    }

    /// <summary>
    /// Revokes everything, destroys the keys, purges. Every step may be repeated; a later call goes on where this one
    /// stopped.
    /// </summary>
    public async Task<Result<ErasureReceipt>> EraseAsync(OrganizationId id, CancellationToken cancellationToken)
    {
        var row = await organizations.FindAsync(id, cancellationToken).ConfigureAwait(false);
        if (row is null)
            return new VaultError(ErrorCatalogue.OrganizationUnknown, "The organization is not known.");
        if (row.State.Status == OrganizationStatus.Erased)
        {
            var gone = await keys.ListAsync(id, cancellationToken).ConfigureAwait(false);
            return new ErasureReceipt(
                id,
                row.State.Erasure?.StartedAt ?? row.UpdatedAt,
                row.UpdatedAt,
                row.State.Erasure?.Accounts ?? 0,
                gone.Count,
                OrganizationStatus.Erased
            );
        }

        if (row.State.Cascade is not { Kind: OrganizationLifecycle.EraseKind } cascade)
            return new VaultError(ErrorCatalogue.Conflict, "No erasure of the organization was begun.");

        // The grants must be readable while they are revoked upstream; so the keys go after the accounts, and the rows
        // after the keys.
        var revoked = await WalkAsync(id, cascade, cancellationToken).ConfigureAwait(false);
        await erasure.EraseAsync(id, cancellationToken).ConfigureAwait(false);
        while (!await organizations.PurgeAsync(id, 1_000, cancellationToken).ConfigureAwait(false)) { }

        // Bodies name users; the digests stay and keep the chain verifiable. The entry that tells of the erasure comes
        // after, and stays readable.
        var bodies = await ledger.EraseAsync(id, cancellationToken).ConfigureAwait(false);
        if (bodies.Error is { } unerased)
            return unerased;
        var done = await ApplyAsync(
                id,
                new OrganizationEvent.CascadeFinished(time.GetUtcNow(), cascade.Kind, revoked),
                cascade.RequestedBy,
                cancellationToken
            )
            .ConfigureAwait(false);
        if (!done.TryGet(out var erased, out var error))
            return error;
        var destroyed = await keys.ListAsync(id, cancellationToken).ConfigureAwait(false);
        return new ErasureReceipt(
            id,
            cascade.StartedAt,
            erased.UpdatedAt,
            erased.State.Erasure?.Accounts ?? revoked,
            destroyed.Count(k => k.Status == OrganizationKeyStatus.Destroyed),
            erased.State.Status
        );
    }

    private async Task<long> WalkAsync(OrganizationId id, Cascade cascade, CancellationToken cancellationToken)
    {
        var connection = OrganizationLifecycle.ConnectionOf(cascade.Kind);
        var cursor = cascade.Cursor;
        var done = cascade.Done;
        while (true)
        {
            var page = await accounts
                .ListAsync(id, new AccountFilter(), PageSize, cursor, cancellationToken)
                .ConfigureAwait(false);
            var wanted = page.Items.Where(a => connection is null || a.ConnectionId == connection).ToList();
            await Parallel
                .ForEachAsync(
                    wanted,
                    new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = cancellationToken },
                    async (account, _) =>
                        await WithdrawAsync(account.Key, connection, cascade.RequestedBy).ConfigureAwait(false)
                )
                .ConfigureAwait(false);
            done += wanted.Count;
            if (page.Cursor is null)
                return done;
            var from = cursor;
            cursor = page.Cursor;
            await ApplyAsync(
                    id,
                    new OrganizationEvent.CascadeAdvanced(time.GetUtcNow(), cascade.Kind, from, cursor, wanted.Count),
                    cascade.RequestedBy,
                    cancellationToken
                )
                .ConfigureAwait(false);
        }
    }

    private async Task WithdrawAsync(AccountKey key, string? connection, string requestedBy)
    {
        AccountEvent what = connection is null
            ? new AccountEvent.RevokeWanted(time.GetUtcNow(), StatusReason.OrganizationErased)
            : new AccountEvent.ConnectionRemoved(time.GetUtcNow());
        var first = await revoker.WithdrawAsync(key, what, requestedBy).ConfigureAwait(false);

        // After an erasure nobody can try again, since the grant no longer opens; so a failing provider gets a few more
        // chances now.
        for (
            var tries = 1;
            connection is null
                && tries < UpstreamTries
                && first.IsOk
                && first.Value.Outcome == UpstreamRevocation.Pending;
            tries++
        )
        {
            await Task.Delay(TimeSpan.FromMilliseconds(200 * tries), time, CancellationToken.None)
                .ConfigureAwait(false);
            first = await revoker.FinishUpstreamAsync(key, CancellationToken.None).ConfigureAwait(false);
        }
    }

    private Task<Result<OrganizationRow>> ApplyAsync(
        OrganizationId id,
        OrganizationEvent what,
        string requestedBy,
        CancellationToken cancellationToken
    ) => Runner.ApplyAsync(id, what, requestedBy, cancellationToken);
}
