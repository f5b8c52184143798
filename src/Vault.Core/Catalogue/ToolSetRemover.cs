using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Vault.Core.Connections;
using Vault.Core.Errors;
using Vault.Core.Ledger;
using Vault.Core.Packs;
using Vault.Core.Persistence;

namespace Vault.Core.Catalogue;

/// <param name="Connections">The number of connections from which its tools were removed.</param>
public sealed record ToolSetReceipt(StoredToolSet Set, int Connections);

/// <summary>
/// Deletes an imported tool set. It refuses while a connection names a tool of the set, unless the deletion is forced.
/// A forced deletion first removes the tools from each connection, with an entry in its organization's ledger. So a
/// call after a crash continues where the last one ended, and a later tool with the same name is not offered by an old
/// list.
/// </summary>
public sealed class ToolSetRemover(
    IPackStore packs,
    IToolImport import,
    IConnectionStore connections,
    ConnectionRegistry registry,
    TimeProvider time
)
{
    private const int Batch = 200;
    private const int Shown = 10;
    private const int Attempts = 5;

    public async Task<Result<ToolSetReceipt>> RemoveAsync(
        string id,
        bool force,
        string by,
        CancellationToken cancellationToken
    )
    {
        var row = (await packs.ListAsync(cancellationToken).ConfigureAwait(false)).FirstOrDefault(p =>
            p.ProviderId == id
        );
        if (row is null || StoredToolSet.Of(row) is not { Removed: null } set)
            return new VaultError(
                ErrorCatalogue.NotFound,
                $"There is no tool set '{id}'; GET /v1/tool_sets lists them."
            );
        if (!force && await InUseAsync(set, cancellationToken).ConfigureAwait(false) is { } used)
            return used;

        if (await TakeFromAllAsync(set, by, cancellationToken).ConfigureAwait(false) is not { } changed)
            return new VaultError(
                ErrorCatalogue.Conflict,
                "A connection that names a tool of the set was changed concurrently; try again."
            );
        var now = time.GetUtcNow();
        var left = row with
        {
            PackVersion = "removed",
            Json = Encoding.UTF8.GetString(import.MarkRemoved(row.Json, by, now)),
            Version = row.Version + 1,
            UpdatedAt = now,
        };
        // Compare-and-swap: a set that was imported again since it was read is not deleted, because the caller decided
        // about the old one.
        if (await packs.PutAsync(left, row.Version, cancellationToken).ConfigureAwait(false) != WriteOutcome.Written)
            return new VaultError(ErrorCatalogue.Conflict, "The tool set was changed concurrently; read it again.");
        // A concurrent change of a connection, validated before the deletion, may have added a tool of the set.
        var changedLater = await TakeFromAllAsync(set, by, CancellationToken.None).ConfigureAwait(false) ?? 0;
        return new ToolSetReceipt(set with { Removed = new ToolSetEnd(by, now) }, changed + changedLater);
    }

    private async Task<VaultError?> InUseAsync(StoredToolSet set, CancellationToken cancellationToken)
    {
        var found = await connections
            .FindNamingAsync(set.Tools, "", Shown + 1, cancellationToken)
            .ConfigureAwait(false);
        if (found.Count == 0)
            return null;
        return new VaultError(
            ErrorCatalogue.Conflict,
            $"{(found.Count > Shown ? $"More than {Shown}" : found.Count)} connection(s) name tools of the set "
                + $"'{set.Id}'. Change them first, or delete with force=true, which removes the names from them."
        )
        {
            Violations =
            [
                .. found
                    .Take(Shown)
                    .Select(c => new Violation($"connections/{c.Id}", $"of {c.Organization} names tools of the set")),
            ],
        };
    }

    /// <summary>The number of changed connections; null when one lost every race against other changes.</summary>
    private async Task<int?> TakeFromAllAsync(StoredToolSet set, string by, CancellationToken cancellationToken)
    {
        var (names, after, changed) = (set.Tools.ToHashSet(StringComparer.Ordinal), "", 0);
        while (
            await connections.FindNamingAsync(names, after, Batch, cancellationToken).ConfigureAwait(false)
                is { Count: > 0 } found
        )
        {
            foreach (var connection in found)
            {
                if (
                    await TakeFromAsync(set, names, connection, by, cancellationToken).ConfigureAwait(false)
                    is not { } taken
                )
                    return null;
                if (taken)
                    changed++;
            }

            after = found[^1].Id;
        }

        return changed;
    }

    private async Task<bool?> TakeFromAsync(
        StoredToolSet set,
        HashSet<string> names,
        ConnectionId connection,
        string by,
        CancellationToken cancellationToken
    )
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            if (
                await connections
                    .FindAsync(connection.Organization, connection.Id, cancellationToken)
                    .ConfigureAwait(false)
                is not { Settings.Tools: { } named } row
            )
                return false;
            var taken = named.Where(names.Contains).ToImmutableArray();
            if (taken.Length == 0)
                return false;
            // The remaining list may be empty: then the connection offers no tool (law 9).
            var next = row with
            {
                Version = row.Version + 1,
                UpdatedAt = time.GetUtcNow(),
                Settings = row.Settings with { Tools = [.. named.Where(n => !names.Contains(n))] },
            };
            var entry = registry.ToolSetDeleted(set.Id, next, taken, by);
            // Compare-and-swap: settings computed from an older row never overwrite a newer one.
            if (
                await connections
                    .UpdateAsync(
                        next,
                        row.Version,
                        [entry, registry.Draft(LedgerEvents.ConnectionChanged, row, next, by)],
                        cancellationToken
                    )
                    .ConfigureAwait(false) == WriteOutcome.Written
            )
                return true;
        }

        return null;
    }
}
