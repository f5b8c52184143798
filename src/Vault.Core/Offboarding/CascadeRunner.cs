using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Organizations;
using Vault.Core.Refresh;
using Vault.Core.Sealing;

namespace Vault.Core.Offboarding;

/// <summary>
/// Runs a cascade over all accounts of an organization, page by page. The cursor is written after each page: a crash
/// repeats at most one page, and withdrawing an account is idempotent. No account can be inserted before the cursor:
/// during an erasure the gate is closed and every insert checks it in its transaction; a removed connection accepts no
/// new accounts.
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

    /// <summary>Resumes the running cascade, if any, and returns how many accounts it has processed.</summary>
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
    /// Revokes all accounts, destroys the keys, and purges the rows. Every step is idempotent; a later call continues
    /// where this one stopped.
    /// </summary>
    public async Task<Result<ErasureReceipt>> EraseAsync(OrganizationId id, CancellationToken cancellationToken)
    {
        var row = await organizations.FindAsync(id, cancellationToken).ConfigureAwait(false);
        if (row is null)
            return new VaultError(ErrorCatalogue.OrganizationUnknown, "The organization is not known.");
        if (row.State.Status == OrganizationStatus.Erased)
        {
            var tombstones = await keys.ListAsync(id, cancellationToken).ConfigureAwait(false);
            return new ErasureReceipt(
                id,
                row.State.Erasure?.StartedAt ?? row.UpdatedAt,
                row.UpdatedAt,
                row.State.Erasure?.Accounts ?? 0,
                tombstones.Count,
                OrganizationStatus.Erased
            );
        }

        if (row.State.Cascade is not { Kind: OrganizationLifecycle.EraseKind } cascade)
            return new VaultError(ErrorCatalogue.Conflict, "No erasure of the organization is running.");

        // The revocation at the provider needs the decrypted grants, so the keys are destroyed after the accounts are
        // revoked, and the rows are purged after that.
        var revoked = await WalkAsync(id, cascade, cancellationToken).ConfigureAwait(false);
        await erasure.EraseAsync(id, cancellationToken).ConfigureAwait(false);
        while (!await organizations.PurgeAsync(id, 1_000, cancellationToken).ConfigureAwait(false)) { }

        // The bodies of ledger entries name users, so they are erased. The digests stay and keep the chain verifiable.
        // The entry about the erasure is written after this step and stays readable.
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

        // After an erasure the grant cannot be decrypted, so no later retry is possible. Therefore retry a failed
        // revocation a few times now.
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
