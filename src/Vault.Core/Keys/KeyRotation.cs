using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Sealing;

namespace Vault.Core.Keys;

/// <summary>How a run of <see cref="KeyRotation"/> ended.</summary>
public enum RotationState
{
    /// <summary>Nothing is sealed under an older version; the older ones are retired.</summary>
    Finished = 1,

    /// <summary>
    /// Some rows changed under the job or were just written by a host that still held the older version as active; run
    /// again after <see cref="KeyringOptions.KeepActive"/>.
    /// </summary>
    RunAgain = 2,

    /// <summary>
    /// Only rows that do not open are left. They are named in the report and in the journal, and the older versions
    /// stay in use. A later run finishes when each of them was replaced (a reconnect, a new client secret) or is gone
    /// (expired).
    /// </summary>
    Blocked = 3,

    /// <summary>The organization's keys were destroyed.</summary>
    Erased = 4,
}

/// <param name="State">How it ended.</param>
/// <param name="ToVersion">The version rotated to; 0 when erased before this run.</param>
/// <param name="Resealed">Rows re-sealed by this run.</param>
/// <param name="Broken">Names of rows that do not open.</param>
public sealed record RotationReport(RotationState State, uint ToVersion, long Resealed, IReadOnlyList<string> Broken);

/// <summary>
/// Rotates an organization's data key while everything runs: prepare a version and prove it, make it active, re-seal
/// every row, retire the older versions. Each step is a compare-and-swap and the journal says which is next, so the job
/// may crash between any two lines and may run on several hosts at once. The key version of each row is the record of
/// what is done.
/// <para>The ledger has two entries of a rotation, each in the transaction of the journal's row that it tells of:
/// <c>key_rotation_begun</c> with the first, before a key is made, <c>key_rotated</c> with the last. A rotation of
/// which only the first is there goes on, is blocked, or ended with its organization's erasure.</para>
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
    /// <summary>How many rows that do not open are named.</summary>
    public const int MaxNamed = 100;

    private const int PageSize = 100;

    /// <summary>
    /// Begins a rotation, or answers the one that is not finished. The number of the new version is fixed here, in the
    /// journal, before the key exists: each run of <see cref="ResumeAsync"/> makes that one.
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

        // Who loses the race takes the rotation of the winner, finished or not: it began after this call did.
        return await journal
            .TrySaveAsync(row, expected, [Entry(row, LedgerEvents.KeyRotationBegun)], cancellationToken)
            .ConfigureAwait(false)
            ? row
            : await journal.FindAsync(organization, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Goes on with the rotation that is not finished, from wherever it was left; begins none.</summary>
    public async Task<RotationReport> ResumeAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        var resealed = 0L;
        while (true)
        {
            // The journal's row goes only with the organization.
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

    // Makes the version exist and active, from whichever point another run or host has brought it to. False when it was
    // destroyed meanwhile.
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
                    // An erasure destroys the rows it finds; a version inserted after it would be a second life.
                    // Looking before and after closes that gap: the row inserted here is destroyed again below when
                    // everything else is.
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

                    // Proven when it was wrapped; proven again here because the one who wrapped it may have crashed and
                    // the bytes come from the store now.
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

    // One pass over the rows that are left. Null: look again, because the journal moved on another host or this pass
    // got on and left something.
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

            // A page is one transaction: it is there or not, and a row that changed since it was read (a refresh,
            // another host) is left as it is and found again.
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
            // An erasure under the pass destroys the keys that its rows are under; that is the end of the organization,
            // not a blocked rotation.
            var stored = await keys.FindAsync(organization, row.ToVersion, cancellationToken).ConfigureAwait(false);
            if (stored is null or { Status: OrganizationKeyStatus.Destroyed })
                return (new(RotationState.Erased, row.ToVersion, 0, []), resealed);

            // What is left lies before the cursor: rows that changed under the pass, or two fields of one row in one
            // page. A new pass starts from the first row, at once as long as passes get on, so this ends.
            var blocked = broken.Count > 0 && !lost;
            var next = row with { Cursor = null, Blocked = blocked ? [.. broken.Take(MaxNamed)] : row.Blocked };
            await SaveAsync(row, next, [], cancellationToken).ConfigureAwait(false);
            if (resealed > 0 && (lost || broken.Count == 0))
                return (null, resealed);
            return (new(blocked ? RotationState.Blocked : RotationState.RunAgain, row.ToVersion, 0, broken), resealed);
        }

        // Retired keys still open: a host that sealed under one a moment ago loses nothing, and the row it wrote is
        // found before the key is destroyed.
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

    // Without a row: the key it lies under cannot be had now, or, broken, the row does not open: it was altered, or its
    // key is destroyed or under an unknown master key.
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
                    fields[i] = sealer.Seal(to, value, field.Context);
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
