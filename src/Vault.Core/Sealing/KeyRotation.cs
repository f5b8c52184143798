using Vault.Core.Errors;
using Vault.Core.Identity;

namespace Vault.Core.Sealing;

/// <summary>How a run of <see cref="KeyRotation"/> ended.</summary>
public enum RotationState
{
    /// <summary>Nothing is sealed under an older version; the older ones are retired.</summary>
    Finished = 1,

    /// <summary>Some rows changed under the job or were just written by a host that still held the older version as active; run again after <see cref="KeyringOptions.KeepActive"/>.</summary>
    RunAgain = 2,

    /// <summary>Only rows that do not open are left. They are named; the older versions stay so that they can be examined.</summary>
    Blocked = 3,

    /// <summary>The organization's keys were destroyed.</summary>
    Erased = 4,
}

/// <param name="State">How it ended.</param>
/// <param name="ToVersion">The version rotated to; 0 when erased before it began.</param>
/// <param name="Resealed">Rows re-sealed by this run.</param>
/// <param name="Broken">Cursors of rows that do not open.</param>
public sealed record RotationReport(RotationState State, uint ToVersion, long Resealed, IReadOnlyList<string> Broken);

/// <summary>
/// Rotates an organization's data key while everything runs: prepare a version and prove it, make it active, re-seal every row, retire the older versions.
/// Each step is a compare-and-swap and the journal says which is next, so the job may crash between any two lines and may run on several hosts at once.
/// The key version of each row is the record of what is done.
/// </summary>
public sealed class KeyRotation(
    IOrganizationKeyStore keys, IKeyRotationStore journal, IResealSource source, IKeyWrapper wrapper, Keyring keyring, Sealer sealer, IEntropy entropy, TimeProvider time)
{
    private const int PageSize = 100;

    /// <summary>Begins a rotation, or goes on with the one that is not finished.</summary>
    public async Task<RotationReport> RunAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        var resealed = 0L;
        var working = 0u;
        while (true)
        {
            var row = await journal.FindAsync(organization, cancellationToken).ConfigureAwait(false);

            // Finished by another host while this run was at it: that was the rotation asked for, not a reason to begin one more.
            if (row is { Phase: KeyRotationPhase.Finished } && working != 0) return new(RotationState.Finished, row.ToVersion, resealed, []);
            if (row is null || row.Phase == KeyRotationPhase.Finished)
            {
                row = await BeginAsync(organization, row?.RowVersion ?? 0, cancellationToken).ConfigureAwait(false);
                if (row is null) return new(RotationState.Erased, 0, resealed, []);
            }

            working = row.ToVersion;
            if (row.Phase == KeyRotationPhase.Preparing)
            {
                if (!await PrepareAsync(row.Organization, row.ToVersion, cancellationToken).ConfigureAwait(false)) return new(RotationState.Erased, row.ToVersion, resealed, []);
                if (await SaveAsync(row, row with { Phase = KeyRotationPhase.Resealing, Cursor = null }, cancellationToken).ConfigureAwait(false) is not { } active) continue;
                row = active;
            }

            var (report, done) = await ResealAsync(row, cancellationToken).ConfigureAwait(false);
            resealed += done;
            if (report is not null) return report with { Resealed = resealed };
        }
    }

    // Null when the keys are destroyed. The number of the new version is fixed here, in the journal, before the key exists: whoever resumes makes that one.
    private async Task<KeyRotationRow?> BeginAsync(OrganizationId organization, long journalVersion, CancellationToken cancellationToken)
    {
        var versions = await keys.ListAsync(organization, cancellationToken).ConfigureAwait(false);
        if (versions.Count > 0 && versions.All(k => k.Status == OrganizationKeyStatus.Destroyed)) return null;
        var now = time.GetUtcNow();
        var to = versions.Count == 0 ? 1 : versions[^1].Version + 1;
        var row = new KeyRotationRow(organization, to, KeyRotationPhase.Preparing, null, 0, now, now, journalVersion + 1);
        return await journal.TrySaveAsync(row, journalVersion, cancellationToken).ConfigureAwait(false)
            ? row
            : await journal.FindAsync(organization, cancellationToken).ConfigureAwait(false);
    }

    // Makes the version exist and active, from whichever point another run or host has brought it to. False when it was destroyed meanwhile.
    private async Task<bool> PrepareAsync(OrganizationId organization, uint version, CancellationToken cancellationToken)
    {
        while (true)
        {
            var key = await keys.FindAsync(organization, version, cancellationToken).ConfigureAwait(false);
            switch (key?.Status)
            {
                case null:
                    // An erasure destroys the rows it finds; a version inserted after it would be a second life. Looking before and after closes that gap: the row
                    // inserted here is destroyed again below when everything else is.
                    var fresh = await NewKey.WrapAsync(wrapper, entropy, organization, version, OrganizationKeyStatus.Prepared, time.GetUtcNow(), cancellationToken).ConfigureAwait(false);
                    await keys.TryInsertAsync(fresh, cancellationToken).ConfigureAwait(false);
                    break;
                case OrganizationKeyStatus.Prepared:
                    var others = await keys.ListAsync(organization, cancellationToken).ConfigureAwait(false);
                    if (others.Count > 1 && others.All(k => k.Version == version || k.Status == OrganizationKeyStatus.Destroyed))
                    {
                        await keys.DestroyAllAsync(organization, time.GetUtcNow(), cancellationToken).ConfigureAwait(false);
                        return false;
                    }

                    // Proven when it was wrapped; proven again here because the one who wrapped it may have crashed and the bytes come from the store now.
                    var proof = await wrapper.UnwrapAsync(organization, version, key.MasterKeyId, key.Wrapped!, cancellationToken).ConfigureAwait(false);
                    System.Security.Cryptography.CryptographicOperations.ZeroMemory(proof);
                    await keys.TryUpdateAsync(Next(key, OrganizationKeyStatus.Active), key.RowVersion, cancellationToken).ConfigureAwait(false);
                    break;
                case OrganizationKeyStatus.Active:
                    keyring.Forget(organization);
                    return true;
                default:
                    return false;
            }
        }
    }

    // One pass over the rows that are left. Null: look again, because the journal moved on another host or this pass got on and left something.
    private async Task<(RotationReport? Report, long Resealed)> ResealAsync(KeyRotationRow row, CancellationToken cancellationToken)
    {
        var organization = row.Organization;
        var held = await keyring.HoldVersionAsync(organization, row.ToVersion, cancellationToken).ConfigureAwait(false);
        if (!held.TryGet(out var to, out var error))
            return (new(error.Code == ErrorCatalogue.OrganizationUnknown ? RotationState.Erased : RotationState.RunAgain, row.ToVersion, 0, []), 0);
        using var key = to;
        var broken = new List<string>();
        var lost = false;
        var resealed = 0L;
        while (true)
        {
            var page = await source.NextAsync(organization, row.ToVersion, row.Cursor, PageSize, cancellationToken).ConfigureAwait(false);
            if (page.Count == 0) break;
            var sealedAgain = new List<ResealedRow>(page.Count);
            foreach (var item in page)
            {
                switch (await ResealRowAsync(organization, item, key, cancellationToken).ConfigureAwait(false))
                {
                    case ({ } fresh, _): sealedAgain.Add(fresh); break;
                    case (null, true): broken.Add(item.Cursor); break;
                    default: lost = true; break;
                }
            }

            // A page is one transaction: it is there or not, and a row that changed since it was read (a refresh, another host) is left as it is and found again.
            var written = sealedAgain.Count == 0 ? [] : await source.WriteAsync(organization, row.ToVersion, sealedAgain, cancellationToken).ConfigureAwait(false);
            var done = written.Count(w => w);
            lost |= done < sealedAgain.Count;
            resealed += done;
            if (await SaveAsync(row, row with { Cursor = page[^1].Cursor, Resealed = row.Resealed + done }, cancellationToken).ConfigureAwait(false) is not { } next) return (null, resealed);
            row = next;
        }

        if (await source.AnyBelowAsync(organization, row.ToVersion, cancellationToken).ConfigureAwait(false))
        {
            // What is left lies before the cursor: rows that changed under the pass, or two fields of one row in one page. A new pass starts from the first row, at once
            // as long as passes get on, so this ends.
            await SaveAsync(row, row with { Cursor = null }, cancellationToken).ConfigureAwait(false);
            if (resealed > 0 && (lost || broken.Count == 0)) return (null, resealed);
            return (new(broken.Count > 0 && !lost ? RotationState.Blocked : RotationState.RunAgain, row.ToVersion, 0, broken), resealed);
        }

        // Retired keys still open: a host that sealed under one a moment ago loses nothing, and the row it wrote is found before the key is destroyed.
        foreach (var old in await keys.ListAsync(organization, cancellationToken).ConfigureAwait(false))
        {
            if (old.Version >= row.ToVersion || old.Status is not (OrganizationKeyStatus.Active or OrganizationKeyStatus.Prepared)) continue;
            if (!await keys.TryUpdateAsync(Next(old, OrganizationKeyStatus.Retired), old.RowVersion, cancellationToken).ConfigureAwait(false)) return (null, resealed);
        }

        var saved = await SaveAsync(row, row with { Phase = KeyRotationPhase.Finished }, cancellationToken).ConfigureAwait(false);
        return (saved is null ? null : new(RotationState.Finished, row.ToVersion, 0, broken), resealed);
    }

    // Without a row: the key it lies under cannot be had now, or, broken, the row does not open.
    private async Task<(ResealedRow? Row, bool Broken)> ResealRowAsync(OrganizationId organization, ResealRow row, SealingKey to, CancellationToken cancellationToken)
    {
        var fields = new SealedBlob[row.Fields.Count];
        try
        {
            for (var i = 0; i < fields.Length; i++)
            {
                var field = row.Fields[i];
                var held = await keyring.HoldVersionAsync(organization, field.Blob.KeyVersion, cancellationToken).ConfigureAwait(false);
                if (!held.TryGet(out var from, out _)) return (null, false);
                using (from)
                {
                    using var value = Sealer.Open(from, field.Blob, field.Context);
                    fields[i] = sealer.Seal(to, value, field.Context);
                }
            }
        }
        catch (SealBrokenException)
        {
            return (null, true);
        }

        return (new ResealedRow(row, fields), false);
    }

    private async Task<KeyRotationRow?> SaveAsync(KeyRotationRow seen, KeyRotationRow next, CancellationToken cancellationToken)
    {
        next = next with { ChangedAt = time.GetUtcNow(), RowVersion = seen.RowVersion + 1 };
        return await journal.TrySaveAsync(next, seen.RowVersion, cancellationToken).ConfigureAwait(false) ? next : null;
    }

    private OrganizationKeyRow Next(OrganizationKeyRow key, OrganizationKeyStatus status) =>
        key with { Status = status, ChangedAt = time.GetUtcNow(), RowVersion = key.RowVersion + 1 };
}
