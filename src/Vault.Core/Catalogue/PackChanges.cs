using System.Text;
using Vault.Core.Callers;
using Vault.Core.Connections;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Organizations;
using Vault.Core.Packs;
using Vault.Core.Persistence;

namespace Vault.Core.Catalogue;

/// <param name="Added">The hosts, URLs and parameters of URLs that are new.</param>
public sealed record PendingPackChange(StoredPackChange Change, IReadOnlyCollection<string> Added);

/// <param name="Organizations">The organizations with a connection of the provider; each has an entry.</param>
/// <param name="AccountsStopped">The accounts whose credentials are bound to the former addresses.</param>
public sealed record PackChangeReceipt(string Provider, string Version, int Organizations, long AccountsStopped);

/// <summary>
/// Stores packs of operators. A version that leads to other addresses than the one in force waits until a second
/// platform key accepts it: a pack decides for all tenants where credentials go. The credentials stay bound to the
/// former addresses all the same (law 10); what is accepted here is where new ones go, and that the old ones stop.
/// </summary>
public sealed class PackChanges(
    IPackStore store,
    IPackReader reader,
    IPacks packs,
    IApiKeyStore keys,
    IOrganizationStore organizations,
    IConnectionStore connections,
    IDestinationReview review,
    ILedger ledger,
    IdFactory ids,
    TimeProvider time
)
{
    private const int Batch = 200;

    /// <summary>Stores the pack, or the change that waits; null when the pack is in force.</summary>
    public async Task<Result<PendingPackChange?>> PutAsync(
        ProviderPack pack,
        ReadOnlyMemory<byte> json,
        string by,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(pack);
        var text = Encoding.UTF8.GetString(json.Span);
        var added = packs.TryGet(pack.Id, out var now) ? PackOrigins.Added(now, pack) : [];
        var waiting = await FindRowAsync(StoredPackChange.RowOf(pack.Id), cancellationToken).ConfigureAwait(false);
        if (!added.IsEmpty)
        {
            var change = new StoredPackChange(pack.Id, by, time.GetUtcNow(), text, null);
            return await SaveAsync(change, pack.Version, waiting, cancellationToken).ConfigureAwait(false)
                ? new PendingPackChange(change, added)
                : Raced();
        }

        if (!await SaveAsync(pack, text, cancellationToken).ConfigureAwait(false))
            return Raced();
        // What waited was compared with the version that this one replaces.
        if (waiting is not null && StoredPackChange.Of(waiting) is { End: null } former)
            await EndAsync(former, waiting, by, accepted: false, cancellationToken).ConfigureAwait(false);
        return (PendingPackChange?)null;
    }

    public async Task<Result<PendingPackChange>> FindAsync(string provider, CancellationToken cancellationToken)
    {
        var found = await FindPendingAsync(provider, cancellationToken).ConfigureAwait(false);
        return found.TryGet(out var pending, out var error) ? Describe(pending.Change, pending.Pack) : error;
    }

    /// <summary>Puts the change into force. After a crash the call is repeated; entries may then appear
    /// twice.</summary>
    /// <param name="provider">The pack.</param>
    /// <param name="digest">The version that the caller has seen.</param>
    /// <param name="by">A platform key other than the one that stored it.</param>
    /// <param name="cancellationToken">Cancels before the pack is stored.</param>
    public async Task<Result<PackChangeReceipt>> AcceptAsync(
        string provider,
        string digest,
        string by,
        CancellationToken cancellationToken
    )
    {
        var found = await FindPendingAsync(provider, cancellationToken).ConfigureAwait(false);
        if (!found.TryGet(out var pending, out var missing))
            return missing;
        var (change, row, pack) = pending;
        if (!string.Equals(change.Digest, digest, StringComparison.OrdinalIgnoreCase))
            return new VaultError(
                ErrorCatalogue.Conflict,
                "change: another version waits now; read it with GET /v1/providers/{provider}/pending_origins."
            );
        if (await RefusalAsync(change, by, cancellationToken).ConfigureAwait(false) is { } refused)
            return refused;
        // Read before the comparison: a version that another operator stores meanwhile is not overwritten.
        var existing = await FindRowAsync(pack.Id, cancellationToken).ConfigureAwait(false);
        var (informed, stopped) = (0, 0L);
        if (packs.TryGet(provider, out var now))
        {
            var entries = await TellAsync(change, now, pack, by, cancellationToken).ConfigureAwait(false);
            if (!entries.TryGet(out var counted, out var failed))
                return failed;
            (informed, stopped) = counted;
        }

        if (!await WriteAsync(pack.Id, pack.Version, change.Json, existing, cancellationToken).ConfigureAwait(false))
            return Raced();
        await EndAsync(change, row, by, accepted: true, CancellationToken.None).ConfigureAwait(false);
        return new PackChangeReceipt(provider, pack.Version, informed, stopped);
    }

    /// <summary>
    /// Two keys, and the second is no key that was made for it: it is older than the change, and neither key made the
    /// other.
    /// </summary>
    private async Task<VaultError?> RefusalAsync(
        StoredPackChange change,
        string by,
        CancellationToken cancellationToken
    )
    {
        if (change.By == by)
            return new VaultError(
                ErrorCatalogue.PolicyDenied,
                "The key that stored the change cannot accept it; another platform key with providers:write must."
            );
        var key = await keys.FindAsync(by, cancellationToken).ConfigureAwait(false);
        if (key is not { Organization: null } || key.CreatedAt >= change.At)
            return new VaultError(
                ErrorCatalogue.PolicyDenied,
                "A key that was created after the change was stored cannot accept it; use an older platform key."
            );
        var maker = await keys.FindAsync(change.By, cancellationToken).ConfigureAwait(false);
        return Caller.Of(key).IsOfLineage(maker is null ? [change.By] : Caller.Of(maker).Lineage)
            ? new VaultError(
                ErrorCatalogue.PolicyDenied,
                "The key that stored the change made this key, or was made by it; another operator's key must accept "
                    + "the change (vault-host keys recover makes one)."
            )
            : null;
    }

    /// <summary>One entry in the ledger of every organization that uses the provider, before it takes effect.</summary>
    private async Task<Result<(int Organizations, long Stopped)>> TellAsync(
        StoredPackChange change,
        ProviderPack now,
        ProviderPack next,
        string by,
        CancellationToken cancellationToken
    )
    {
        var (informed, all, cursor) = (0, 0L, (string?)null);
        do
        {
            var page = await organizations.ListAsync(null, Batch, cursor, cancellationToken).ConfigureAwait(false);
            foreach (var organization in page.Items)
            {
                if (organization.State.Status is OrganizationStatus.Erasing or OrganizationStatus.Erased)
                    continue;
                var reviewed = await ReviewAsync(organization.Id, now, next, cancellationToken).ConfigureAwait(false);
                if (!reviewed.TryGet(out var used, out var failed))
                    return failed;
                if (used.Connections.Count == 0)
                    continue;
                var entry = LedgerEntries.OriginsChanged(
                    ids,
                    time.GetUtcNow(),
                    by,
                    new LedgerAccount(organization.Id, null, null, null, next.Id),
                    now.Version,
                    next.Version,
                    change.By,
                    change.Digest,
                    [.. PackOrigins.Added(now, next)],
                    [.. PackOrigins.Added(next, now)],
                    used.Connections,
                    used.Stopped
                );
                if (await ledger.AppendAsync(entry, cancellationToken).ConfigureAwait(false) is { } unwritten)
                    return unwritten;
                (informed, all) = (informed + 1, all + used.Stopped);
            }

            cursor = page.Cursor;
        } while (cursor is not null);

        return (informed, all);
    }

    private async Task<Result<(IReadOnlyList<string> Connections, long Stopped)>> ReviewAsync(
        OrganizationId organization,
        ProviderPack now,
        ProviderPack next,
        CancellationToken cancellationToken
    )
    {
        var (found, all, cursor) = (new List<string>(), 0L, (string?)null);
        do
        {
            var page = await connections
                .ListAsync(organization, next.Id, Batch, cursor, cancellationToken)
                .ConfigureAwait(false);
            foreach (var connection in page.Items)
            {
                var reviewed = await review
                    .StoppedByAsync(connection, now, next, connection.Settings.Parameters, cancellationToken)
                    .ConfigureAwait(false);
                if (!reviewed.TryGet(out var stopped, out var failed) && failed is not null)
                    return failed;
                found.Add(connection.Id);
                all += stopped;
            }

            cursor = page.Cursor;
        } while (cursor is not null);

        return (found, all);
    }

    private async Task<Result<(StoredPackChange Change, StoredPack Row, ProviderPack Pack)>> FindPendingAsync(
        string provider,
        CancellationToken cancellationToken
    )
    {
        var row = await FindRowAsync(StoredPackChange.RowOf(provider), cancellationToken).ConfigureAwait(false);
        if (row is null || StoredPackChange.Of(row) is not { End: null } change)
            return new VaultError(ErrorCatalogue.NotFound, $"No change of the pack '{provider}' waits.");
        // Read again: a newer program may read packs more strictly than the one that stored it.
        var reading = reader.Read(Encoding.UTF8.GetBytes(change.Json), "pending pack " + provider);
        return reading.Pack is { } pack
            ? (change, row, pack)
            : new VaultError(ErrorCatalogue.PackInvalid, "The pack that waits is not valid; store it again.")
            {
                Violations = reading.Faults,
            };
    }

    private PendingPackChange Describe(StoredPackChange change, ProviderPack pack) =>
        new(change, packs.TryGet(pack.Id, out var now) ? PackOrigins.Added(now, pack) : []);

    private async Task<StoredPack?> FindRowAsync(string id, CancellationToken cancellationToken) =>
        (await store.ListAsync(cancellationToken).ConfigureAwait(false)).FirstOrDefault(p => p.ProviderId == id);

    private async Task<bool> SaveAsync(ProviderPack pack, string json, CancellationToken cancellationToken)
    {
        var existing = await FindRowAsync(pack.Id, cancellationToken).ConfigureAwait(false);
        return await WriteAsync(pack.Id, pack.Version, json, existing, cancellationToken).ConfigureAwait(false);
    }

    private Task<bool> SaveAsync(
        StoredPackChange change,
        string version,
        StoredPack? existing,
        CancellationToken cancellationToken
    ) => WriteAsync(StoredPackChange.RowOf(change.Provider), version, change.ToJson(), existing, cancellationToken);

    private Task<bool> EndAsync(
        StoredPackChange change,
        StoredPack row,
        string by,
        bool accepted,
        CancellationToken cancellationToken
    ) =>
        SaveAsync(
            change with
            {
                End = new PackChangeEnd(by, time.GetUtcNow(), accepted),
            },
            row.PackVersion,
            row,
            cancellationToken
        );

    // Compare-and-swap: of two concurrent operators the second gets an error instead of overwriting an unseen change.
    private async Task<bool> WriteAsync(
        string id,
        string version,
        string json,
        StoredPack? existing,
        CancellationToken cancellationToken
    ) =>
        await store
            .PutAsync(
                new StoredPack(id, version, json, (existing?.Version ?? 0) + 1, time.GetUtcNow()),
                existing?.Version,
                cancellationToken
            )
            .ConfigureAwait(false) == WriteOutcome.Written;

    private static VaultError Raced() =>
        new(ErrorCatalogue.Conflict, "The pack was changed at the same time; read it and try again.");
}
