using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Sealing;

namespace Vault.Core.Keys;

/// <summary>The result of a run of <see cref="KeyRotation"/>.</summary>
public enum RotationState
{
    /// <summary>No row is sealed under an older version; the older versions are retired.</summary>
    Finished = 1,

    /// <summary>
    /// Some rows changed during the run, or were just written by a host that still cached the older version as active.
    /// Run again after <see cref="KeyringOptions.KeepActive"/>.
    /// </summary>
    RunAgain = 2,

    /// <summary>
    /// Only rows that cannot be decrypted are left. The report and the journal name them, and the older versions stay
    /// in use. A later run finishes when each of these rows was replaced (a reconnect, a new client secret) or deleted
    /// (expired).
    /// </summary>
    Blocked = 3,

    /// <summary>The organization's keys were destroyed.</summary>
    Erased = 4,
}

/// <param name="State">The result.</param>
/// <param name="ToVersion">The version rotated to; 0 when erased before this run.</param>
/// <param name="Resealed">Rows re-sealed by this run.</param>
/// <param name="Broken">Names of rows that cannot be decrypted.</param>
public sealed record RotationReport(RotationState State, uint ToVersion, long Resealed, IReadOnlyList<string> Broken);

/// <summary>
/// Rotates an organization's data key online: prepares and verifies a new version, makes it active, re-seals every
/// row, and retires the older versions. Each step is a compare-and-swap and the journal stores the next step, so the
/// job may crash at any point and may run on several hosts at once. The key version of a row shows whether the row is
/// done.
/// <para>A rotation has two ledger entries, each in the transaction of the journal row it describes:
/// <c>key_rotation_begun</c> with the first, before the key is created, and <c>key_rotated</c> with the last. A
/// rotation with only the first entry is running, is blocked, or ended with the erasure of its organization.</para>
/// </summary>
public sealed class KeyRotation(
    IOrganizationKeyStore keys,
    IKeyRotationStore journal,
    IResealSource source,
    IKeyWrapper wrapper,
    Keyring keyring,
    Sealer sealer,
    IdFactory ids,
    IEntropy entropy,
    TimeProvider time
)
{
    /// <summary>How many rows that cannot be decrypted are named at most.</summary>
    public const int MaxNamed = 100;

    private const int PageSize = 100;

    /// <summary>
    /// Begins a rotation, or returns the unfinished one. The journal fixes the number of the new version before the key
    /// exists, so each run of <see cref="ResumeAsync"/> creates the same version.
    /// </summary>
    /// <returns>Null when the organization's keys are destroyed.</returns>
    public async Task<KeyRotationRow?> BeginAsync(
        OrganizationId organization,
        string requestedBy,
        CancellationToken cancellationToken
    )
    {
        var last = await journal.FindAsync(organization, cancellationToken).ConfigureAwait(false);
        if (last is { Phase: not KeyRotationPhase.Finished })
            return last;
        var versions = await keys.ListAsync(organization, cancellationToken).ConfigureAwait(false);
        if (versions.Count > 0 && versions.All(k => k.Status == OrganizationKeyStatus.Destroyed))
            return null;
        var now = time.GetUtcNow();
        var to = versions.Count == 0 ? 1 : versions[^1].Version + 1;
        var expected = last?.RowVersion ?? 0;
        var row = new KeyRotationRow(organization, to, KeyRotationPhase.Preparing, null, 0, now, now, expected + 1)
        {
            RequestedBy = requestedBy,
        };

        // After a lost race return the winner's rotation, finished or not: it began after this call did.
        return await journal
            .TrySaveAsync(row, expected, [Entry(row, LedgerEvents.KeyRotationBegun)], cancellationToken)
            .ConfigureAwait(false)
            ? row
            : await journal.FindAsync(organization, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Resumes the unfinished rotation where it stopped. Does not begin one.</summary>
    public async Task<RotationReport> ResumeAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        var resealed = 0L;
        while (true)
        {
            // The journal's row is deleted only when the organization is erased.
            if (await journal.FindAsync(organization, cancellationToken).ConfigureAwait(false) is not { } row)
                return new(RotationState.Erased, 0, resealed, []);
            if (row.Phase == KeyRotationPhase.Finished)
                return new(RotationState.Finished, row.ToVersion, resealed, []);
            if (row.Phase == KeyRotationPhase.Preparing)
            {
                if (!await PrepareAsync(row.Organization, row.ToVersion, cancellationToken).ConfigureAwait(false))
                    return new(RotationState.Erased, row.ToVersion, resealed, []);
                if (
                    await SaveAsync(
                            row,
                            row with
                            {
                                Phase = KeyRotationPhase.Resealing,
                                Cursor = null,
                            },
                            [],
                            cancellationToken
                        )
                        .ConfigureAwait(false)
                    is not { } active
                )
                    continue;
                row = active;
            }

            var (report, done) = await ResealAsync(row, cancellationToken).ConfigureAwait(false);
            resealed += done;
            if (report is not null)
                return report with { Resealed = resealed };
        }
    }

    // Creates the version and makes it active, continuing from the state that another run or host has left. False when
    // the version was destroyed in the meantime.
    private async Task<bool> PrepareAsync(
        OrganizationId organization,
        uint version,
        CancellationToken cancellationToken
    )
    {
        while (true)
        {
            var key = await keys.FindAsync(organization, version, cancellationToken).ConfigureAwait(false);
            switch (key?.Status)
            {
                case null:
                    // An erasure destroys the versions it finds. A version inserted after it would make the erased
                    // organization usable again. So the next turn checks again: when all other versions are
                    // destroyed, it destroys the version inserted here too.
                    var fresh = await NewKey
                        .WrapAsync(
                            wrapper,
                            entropy,
                            organization,
                            version,
                            OrganizationKeyStatus.Prepared,
                            time.GetUtcNow(),
                            cancellationToken
                        )
                        .ConfigureAwait(false);
                    await keys.TryInsertAsync(fresh, cancellationToken).ConfigureAwait(false);
                    break;
                case OrganizationKeyStatus.Prepared:
                    var others = await keys.ListAsync(organization, cancellationToken).ConfigureAwait(false);
                    if (
                        others.Count > 1
                        && others.All(k => k.Version == version || k.Status == OrganizationKeyStatus.Destroyed)
                    )
                    {
                        await keys.DestroyAllAsync(organization, time.GetUtcNow(), cancellationToken)
                            .ConfigureAwait(false);
                        return false;
                    }

                    // It was verified when it was wrapped. Verify again: another run may have wrapped it, and these
                    // bytes come from the store.
                    var proof = await wrapper
                        .UnwrapAsync(organization, version, key.MasterKeyId, key.Wrapped!, cancellationToken)
                        .ConfigureAwait(false);
                    System.Security.Cryptography.CryptographicOperations.ZeroMemory(proof);
                    await keys.TryUpdateAsync(
                            Next(key, OrganizationKeyStatus.Active),
                            key.RowVersion,
                            cancellationToken
                        )
                        .ConfigureAwait(false);
                    break;
                case OrganizationKeyStatus.Active:
                    keyring.Forget(organization);
                    return true;
                default:
                    return false;
            }
        }
    }

    // One pass over the remaining rows. A null report means: read the journal again, because another host changed it or
    // because this pass made progress and rows remain.
    private async Task<(RotationReport? Report, long Resealed)> ResealAsync(
        KeyRotationRow row,
        CancellationToken cancellationToken
    )
    {
        var organization = row.Organization;
        var held = await keyring.HoldVersionAsync(organization, row.ToVersion, cancellationToken).ConfigureAwait(false);
        if (!held.TryGet(out var to, out var error))
            return (
                new(
                    error.Code == ErrorCatalogue.OrganizationUnknown ? RotationState.Erased : RotationState.RunAgain,
                    row.ToVersion,
                    0,
                    []
                ),
                0
            );
        using var key = to;
        var broken = new List<string>();
        var lost = false;
        var resealed = 0L;
        while (true)
        {
            var page = await source
                .NextAsync(organization, row.ToVersion, row.Cursor, PageSize, cancellationToken)
                .ConfigureAwait(false);
            if (page.Count == 0)
                break;
            var sealedAgain = new List<ResealedRow>(page.Count);
            foreach (var item in page)
            {
                switch (await ResealRowAsync(organization, item, key, cancellationToken).ConfigureAwait(false))
                {
                    case ({ } fresh, _):
                        sealedAgain.Add(fresh);
                        break;
                    case (null, true):
                        broken.Add(item.Name);
                        break;
                    default:
                        lost = true;
                        break;
                }
            }

            // A page is one transaction. A row that changed since it was read (by a refresh or another host) is not
            // written, and a later pass finds it again.
            var written =
                sealedAgain.Count == 0
                    ? []
                    : await source
                        .WriteAsync(organization, row.ToVersion, sealedAgain, cancellationToken)
                        .ConfigureAwait(false);
            var done = written.Count(w => w);
            lost |= done < sealedAgain.Count;
            resealed += done;
            if (
                await SaveAsync(
                        row,
                        row with
                        {
                            Cursor = page[^1].Cursor,
                            Resealed = row.Resealed + done,
                        },
                        [],
                        cancellationToken
                    )
                    .ConfigureAwait(false)
                is not { } next
            )
                return (null, resealed);
            row = next;
        }

        if (await source.AnyBelowAsync(organization, row.ToVersion, cancellationToken).ConfigureAwait(false))
        {
            // A concurrent erasure destroys the keys of these rows. Then the rotation is not blocked: the organization
            // is erased.
            var stored = await keys.FindAsync(organization, row.ToVersion, cancellationToken).ConfigureAwait(false);
            if (stored is null or { Status: OrganizationKeyStatus.Destroyed })
                return (new(RotationState.Erased, row.ToVersion, 0, []), resealed);

            // The remaining rows are before the cursor: they changed during the pass, or two fields of one row were in
            // one page. A new pass starts at the first row. It starts at once only after a pass with progress, so the
            // loop ends.
            var blocked = broken.Count > 0 && !lost;
            var next = row with { Cursor = null, Blocked = blocked ? [.. broken.Take(MaxNamed)] : row.Blocked };
            await SaveAsync(row, next, [], cancellationToken).ConfigureAwait(false);
            if (resealed > 0 && (lost || broken.Count == 0))
                return (null, resealed);
            return (new(blocked ? RotationState.Blocked : RotationState.RunAgain, row.ToVersion, 0, broken), resealed);
        }

        // Retired keys still decrypt: a row that a host has just sealed under one stays readable, and it is re-sealed
        // before the key is destroyed.
        foreach (var old in await keys.ListAsync(organization, cancellationToken).ConfigureAwait(false))
        {
            if (
                old.Version >= row.ToVersion
                || old.Status is not (OrganizationKeyStatus.Active or OrganizationKeyStatus.Prepared)
            )
                continue;
            if (
                !await keys.TryUpdateAsync(Next(old, OrganizationKeyStatus.Retired), old.RowVersion, cancellationToken)
                    .ConfigureAwait(false)
            )
                return (null, resealed);
        }

        var finished = row with { Phase = KeyRotationPhase.Finished, Blocked = [] };
        var saved = await SaveAsync(row, finished, [Entry(finished, LedgerEvents.KeyRotated)], cancellationToken)
            .ConfigureAwait(false);
        return (saved is null ? null : new(RotationState.Finished, row.ToVersion, 0, broken), resealed);
    }

    // A null row with Broken: the row cannot be decrypted, because it was altered, or its key is destroyed or wrapped
    // under an unknown master key. A null row without Broken: its key is not available now.
    private async Task<(ResealedRow? Row, bool Broken)> ResealRowAsync(
        OrganizationId organization,
        ResealRow row,
        SealingKey to,
        CancellationToken cancellationToken
    )
    {
        var fields = new SealedBlob[row.Fields.Count];
        try
        {
            for (var i = 0; i < fields.Length; i++)
            {
                var field = row.Fields[i];
                var held = await keyring
                    .HoldVersionAsync(organization, field.Blob.KeyVersion, cancellationToken)
                    .ConfigureAwait(false);
                if (!held.TryGet(out var from, out var error))
                    return (null, error.Code == ErrorCatalogue.OrganizationUnknown);
                using (from)
                {
                    using var value = Sealer.Open(from, field.Blob, field.Context);
                    // The origins of a credential stay what they are: only a consent or an import sets them.
                    fields[i] = sealer.Seal(to, value, field.Context.BoundTo(field.Blob.ReadDestinations()));
                }
            }
        }
        catch (Exception e) when (e is DecryptionFailedException or MasterKeyUnknownException)
        {
            return (null, true);
        }

        return (new ResealedRow(row, fields), false);
    }

    private async Task<KeyRotationRow?> SaveAsync(
        KeyRotationRow seen,
        KeyRotationRow next,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    )
    {
        next = next with { ChangedAt = time.GetUtcNow(), RowVersion = seen.RowVersion + 1 };
        return await journal.TrySaveAsync(next, seen.RowVersion, drafts, cancellationToken).ConfigureAwait(false)
            ? next
            : null;
    }

    private LedgerDraft Entry(KeyRotationRow row, string type) =>
        LedgerEntries.KeyRotation(
            ids,
            time.GetUtcNow(),
            type,
            row.RequestedBy,
            row.Organization,
            row.ToVersion,
            type == LedgerEvents.KeyRotated ? row.Resealed : null
        );

    private OrganizationKeyRow Next(OrganizationKeyRow key, OrganizationKeyStatus status) =>
        key with
        {
            Status = status,
            ChangedAt = time.GetUtcNow(),
            RowVersion = key.RowVersion + 1,
        };
}
