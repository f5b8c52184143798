using System.Collections.Immutable;
using Vault.Core.Accounts;
using Vault.Core.Connections;
using Vault.Core.Errors;
using Vault.Core.Packs;
using Vault.Core.Sealing;

namespace Vault.Core.Refresh;

/// <inheritdoc cref="IDestinationReview"/>
public sealed class DestinationReview(IAccountStore accounts, DestinationBinder binder, TokenClients clients)
    : IDestinationReview
{
    private const int Batch = 200;
    private const int MaxRaces = 8;

    public async Task<Result<long>> StoppedByAsync(
        ConnectionRow connection,
        ProviderPack now,
        ProviderPack next,
        ImmutableSortedDictionary<string, string> parameters,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(now);
        ArgumentNullException.ThrowIfNull(next);
        ArgumentNullException.ThrowIfNull(parameters);
        if (await clients.BindAsync(connection, cancellationToken).ConfigureAwait(false) is { } unbound)
            return unbound;
        var filter = new AccountFilter { Connection = connection.Name };
        var (stopped, cursor) = (0L, (string?)null);
        do
        {
            var page = await accounts
                .ListAsync(connection.Organization, filter, Batch, cursor, cancellationToken)
                .ConfigureAwait(false);
            foreach (var row in page.Items.Where(r => r.ConnectionId == connection.Id))
            {
                if (await BindAsync(row, connection, now, cancellationToken).ConfigureAwait(false) is { } failed)
                    return failed;
                if (Stops(row, connection, now, next, parameters))
                    stopped++;
            }

            cursor = page.Cursor;
        } while (cursor is not null);

        return stopped;
    }

    /// <summary>
    /// Until the row is bound: another writer may win a race with the former value. A row that stayed unbound would be
    /// bound to the new addresses by its next use.
    /// </summary>
    private async Task<VaultError?> BindAsync(
        AccountRow row,
        ConnectionRow connection,
        ProviderPack pack,
        CancellationToken cancellationToken
    )
    {
        try
        {
            for (var race = 0; race < MaxRaces; race++)
            {
                if (DestinationBinder.IsBound(row))
                    return null;
                if (
                    await binder.BindAsync(row, connection, pack, cancellationToken).ConfigureAwait(false) is { } failed
                )
                    return failed;
                var read = await accounts
                    .FindAsync(row.Key.Organization, row.Id, cancellationToken)
                    .ConfigureAwait(false);
                if (read is null)
                    return null;
                row = read.Row;
            }

            return new VaultError(ErrorCatalogue.Conflict, "An account of the connection keeps changing; try again.");
        }
        catch (DecryptionFailedException)
        {
            // It cannot be opened, so it cannot be sent.
            return null;
        }
    }

    /// <summary>Whether the account cannot call the API or refresh after the change, and can now.</summary>
    private bool Stops(
        AccountRow row,
        ConnectionRow connection,
        ProviderPack now,
        ProviderPack next,
        ImmutableSortedDictionary<string, string> parameters
    )
    {
        if (row.State.Status != AccountStatus.Active || (row.Grant ?? row.Credential) is not { } blob)
            return false;
        var before = connection.Settings.Parameters.SetItems(row.State.Parameters);
        // One that was bound a moment ago is bound to what is in force.
        var bound = blob.ReadDestinations() ?? clients.InForce(now, before);
        return PackOrigins.Outside(bound, now, before, Needed(now)) is null
            && PackOrigins.Outside(bound, next, parameters.SetItems(row.State.Parameters), Needed(next)) is not null;
    }

    private static IEnumerable<Templates.UrlTemplate> Needed(ProviderPack pack) =>
        [pack.Details.Api.BaseUrl, .. PackOrigins.OfRefresh(pack)];
}
