using Vault.Core.Accounts;
using Vault.Core.Connections;
using Vault.Core.Errors;
using Vault.Core.Packs;
using Vault.Core.Persistence;
using Vault.Core.Sealing;

namespace Vault.Core.Refresh;

/// <summary>
/// Binds a credential that an earlier version has sealed without destinations to the origins in force, before its first
/// use and before a change of its connection or pack takes effect. So no change can come before the binding: after an
/// upgrade the first thing that happens to a credential, use or change, binds it to what it was stored for.
/// </summary>
public sealed class DestinationBinder(
    IConnectionStore connections,
    IPacks packs,
    Keyring keyring,
    GrantSealing sealing,
    AccountRunner runner
)
{
    public static bool IsBound(AccountRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        return HasOrigins(row.Grant) && HasOrigins(row.Credential);
    }

    /// <summary>Null when the row is bound or another writer has changed it; read it again in both cases.</summary>
    public async Task<VaultError?> BindAsync(AccountRow row, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(row);
        var connection = await connections
            .FindAsync(row.Key.Organization, row.ConnectionId, cancellationToken)
            .ConfigureAwait(false);
        if (connection is null)
            return new VaultError(
                ErrorCatalogue.ConnectionUnknown,
                $"The connection '{row.Key.Connection}' no longer exists."
            );
        return packs.TryGet(connection.Provider, out var pack)
            ? await BindAsync(row, connection, pack, cancellationToken).ConfigureAwait(false)
            : new VaultError(
                ErrorCatalogue.ProviderUnknown,
                $"The pack of provider '{connection.Provider}' is not loaded."
            );
    }

    /// <inheritdoc cref="BindAsync(AccountRow, CancellationToken)"/>
    public async Task<VaultError?> BindAsync(
        AccountRow row,
        ConnectionRow connection,
        ProviderPack pack,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(row);
        ArgumentNullException.ThrowIfNull(connection);
        if (IsBound(row))
            return null;
        var bound = PackOrigins.Of(packs, pack, connection.Settings.Parameters.SetItems(row.State.Parameters));
        var opened = await sealing.OpenGrantAsync(row, cancellationToken).ConfigureAwait(false);
        if (opened.Error is { } noGrant)
            return noGrant;
        using var grant = opened.Value;
        var openedCredential = await sealing.OpenCredentialAsync(row, cancellationToken).ConfigureAwait(false);
        if (openedCredential.Error is { } noCredential)
            return noCredential;
        using var credential = openedCredential.Value;
        var held = await keyring.HoldActiveAsync(row.Key.Organization, cancellationToken).ConfigureAwait(false);
        if (!held.TryGet(out var key, out var noKey))
            return noKey;
        using (key)
        {
            // What is bound already keeps its origins. Compare-and-swap: a grant that was renewed meanwhile is bound.
            var next = row with
            {
                Version = row.Version + 1,
                Grant =
                    grant is null || HasOrigins(row.Grant)
                        ? row.Grant
                        : sealing.SealGrant(key, row.Id, row.State.Generation, grant, bound),
                Credential =
                    credential is null || HasOrigins(row.Credential)
                        ? row.Credential
                        : sealing.SealCredential(key, row.Id, row.CredentialGeneration, credential, bound),
            };
            await runner.WriteAsync(next, GateCheck.None, [], cancellationToken).ConfigureAwait(false);
            return null;
        }
    }

    private static bool HasOrigins(SealedBlob? blob) => blob?.HasDestinations() ?? true;
}
