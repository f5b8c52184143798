using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Keys;
using Vault.Core.Ledger;
using Vault.Core.Organizations;
using Vault.Core.Persistence;
using Vault.Core.Refresh;

namespace Vault.Core.Offboarding;

/// <summary>
/// Implements the organization port: gate, keys, cascades. As with accounts, compare-and-swap decides: with two
/// concurrent hosts, the one that loses the race reads again.
/// </summary>
public sealed class OrganizationOwner(
    IOrganizationStore store,
    CascadeRunner cascades,
    KeyRotation rotation,
    CredentialCache cache,
    IdFactory ids,
    TimeProvider time,
    LifecycleOptions options
) : IOrganizations
{
    private OrganizationRunner Runner => new(store, ids, time);

    public async Task<Result<OrganizationRow>> CreateAsync(
        string displayName,
        string? externalId,
        string requestedBy,
        CancellationToken cancellationToken
    )
    {
        var now = time.GetUtcNow();
        var row = new OrganizationRow(
            ids.NewOrganization(),
            displayName,
            externalId,
            1,
            OrganizationLifecycle.New(),
            now,
            now
        );
        var written = await store
            .InsertAsync(row, [Runner.Draft(row, LedgerEvents.OrganizationCreated, requestedBy)], cancellationToken)
            .ConfigureAwait(false);
        return written == WriteOutcome.Written
            ? row
            : new VaultError(
                ErrorCatalogue.Conflict,
                $"An organization with external_id '{externalId}' exists already."
            );
    }

    public async Task<Result<OrganizationRow>> ChangeAsync(
        OrganizationId id,
        Func<OrganizationRow, Result<OrganizationRow>> change,
        string requestedBy,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(change);
        for (var race = 0; race < OrganizationRunner.MaxRaces; race++)
        {
            var row = await store.FindAsync(id, cancellationToken).ConfigureAwait(false);
            if (row is null)
                return OrganizationRunner.Unknown();
            if (row.State.Status is OrganizationStatus.Erasing or OrganizationStatus.Erased)
                return OrganizationRunner.Refused(row);
            if (!change(row).TryGet(out var wanted, out var error))
                return error;
            var next = wanted with { Version = row.Version + 1, UpdatedAt = time.GetUtcNow() };

            // A caller must not change the fields that the lifecycle controls.
            next = next with
            {
                State = next.State with
                {
                    Status = row.State.Status,
                    Gate = row.State.Gate,
                    Cascade = row.State.Cascade,
                },
            };
            var written = await store
                .UpdateAsync(
                    next,
                    row.Version,
                    [Runner.Draft(next, LedgerEvents.OrganizationChanged, requestedBy)],
                    cancellationToken
                )
                .ConfigureAwait(false);
            if (written == WriteOutcome.Written)
                return next;
        }

        return new VaultError(ErrorCatalogue.Conflict, "The organization was changed concurrently; try again.");
    }

    public async Task<Result<OrganizationRow>> SuspendAsync(
        OrganizationId id,
        string requestedBy,
        CancellationToken cancellationToken
    )
    {
        var closed = await ApplyAsync(
                id,
                new OrganizationEvent.SuspendWanted(time.GetUtcNow()),
                requestedBy,
                cancellationToken
            )
            .ConfigureAwait(false);
        if (!closed.IsOk)
            return closed;
        await WaitOutAsync(id).ConfigureAwait(false);
        return closed;
    }

    /// <summary>
    /// Opens the gate. Returns when every host has seen the change, so that a host's cache does not refuse an execution
    /// that follows.
    /// </summary>
    public async Task<Result<OrganizationRow>> ResumeAsync(
        OrganizationId id,
        string requestedBy,
        CancellationToken cancellationToken
    )
    {
        var opened = await ApplyAsync(
                id,
                new OrganizationEvent.ResumeWanted(time.GetUtcNow()),
                requestedBy,
                cancellationToken
            )
            .ConfigureAwait(false);
        if (opened.IsOk)
            await WaitOutAsync(id).ConfigureAwait(false);
        return opened;
    }

    public async Task<Result<uint>> RotateKeyAsync(
        OrganizationId id,
        string requestedBy,
        CancellationToken cancellationToken
    )
    {
        var row = await store.FindAsync(id, cancellationToken).ConfigureAwait(false);
        if (row is null)
            return OrganizationRunner.Unknown();
        if (row.State.Status is OrganizationStatus.Erasing or OrganizationStatus.Erased)
            return OrganizationRunner.Refused(row);

        // The request is recorded in the journal and in the ledger, so a cancelled call does not cancel the rotation.
        if (await rotation.BeginAsync(id, requestedBy, CancellationToken.None).ConfigureAwait(false) is not { } started)
            return new VaultError(ErrorCatalogue.Conflict, "The organization's keys are destroyed.");

        // The host's maintenance resumes a run that fails or takes longer, and reports the reason.
        var run = rotation.ResumeAsync(id, CancellationToken.None);
        await Task.WhenAny(run, Task.Delay(TimeSpan.FromSeconds(5), time, CancellationToken.None))
            .ConfigureAwait(false);
        return started.ToVersion;
    }

    public async Task<Result<ErasureReceipt>> EraseAsync(
        OrganizationId id,
        string requestedBy,
        CancellationToken cancellationToken
    )
    {
        var started = await ApplyAsync(
                id,
                new OrganizationEvent.EraseWanted(time.GetUtcNow(), requestedBy),
                requestedBy,
                cancellationToken
            )
            .ConfigureAwait(false);
        if (!started.IsOk)
            return started.Error!;
        await WaitOutAsync(id).ConfigureAwait(false);
        return await cascades.EraseAsync(id, cancellationToken).ConfigureAwait(false);
    }

    public async Task<Result<long>> DisconnectAsync(
        OrganizationId id,
        string connectionId,
        string requestedBy,
        CancellationToken cancellationToken
    )
    {
        var started = await ApplyAsync(
                id,
                new OrganizationEvent.DisconnectWanted(time.GetUtcNow(), connectionId, requestedBy),
                requestedBy,
                cancellationToken
            )
            .ConfigureAwait(false);
        if (!started.IsOk)
            return started.Error!;
        var done = await cascades.ResumeAsync(id, cancellationToken).ConfigureAwait(false);
        await WaitOutAsync(id).ConfigureAwait(false);
        return done;
    }

    // Other hosts may use a cached row for at most the freshness lease. After that time the change is effective on all
    // hosts (law 8).
    private async Task WaitOutAsync(OrganizationId id)
    {
        cache.Drop(id);
        await Task.Delay(options.FreshnessLease, time, CancellationToken.None).ConfigureAwait(false);
    }

    private Task<Result<OrganizationRow>> ApplyAsync(
        OrganizationId id,
        OrganizationEvent what,
        string requestedBy,
        CancellationToken cancellationToken
    ) => Runner.ApplyAsync(id, what, requestedBy, cancellationToken);
}
