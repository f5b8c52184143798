using System.Collections.Immutable;
using Vault.Core.Accounts;
using Vault.Core.Connections;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Packs;
using Vault.Core.Sealing;

namespace Vault.Core.Refresh;

/// <summary>
/// Builds the client for a provider's token endpoint: the connection's client with its secret decrypted, and the
/// parameters of connection and account.
/// </summary>
public sealed class TokenClients(IConnectionStore connections, IPacks packs, Sealer sealer, PublicAddress address)
{
    /// <summary>For an account. The caller disposes the client secret in the result.</summary>
    public async Task<Result<TokenClient>> ForAsync(AccountRow row, CancellationToken cancellationToken)
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
        var made = await ForAsync(connection, row.State.Parameters, cancellationToken).ConfigureAwait(false);
        return made.TryGet(out var client, out var error) ? client with { Terms = row.State.Terms } : error;
    }

    /// <summary>
    /// For a connection; <paramref name="accountParameters"/> (captured, validated) override the connection's.
    /// </summary>
    public async Task<Result<TokenClient>> ForAsync(
        ConnectionRow connection,
        ImmutableSortedDictionary<string, string> accountParameters,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(accountParameters);
        if (!packs.TryGet(connection.Provider, out var pack))
            return new VaultError(
                ErrorCatalogue.ProviderUnknown,
                $"The pack of provider '{connection.Provider}' is not loaded."
            );
        Secret? secret = null;
        if (connection.ClientSecret is { } blob)
        {
            var place = SealContext.ClientSecret(connection.Organization, connection.Id, connection.SecretGeneration);
            try
            {
                var opened = await sealer.OpenAsync(blob, place, cancellationToken).ConfigureAwait(false);
                if (!opened.TryGet(out secret, out var error))
                    return error;
            }
            catch (DecryptionFailedException)
            {
                // Altered or swapped in the database: nothing is sent with it.
                return new VaultError(
                    ErrorCatalogue.ClientMisconfigured,
                    "client_secret: what is stored does not belong to this connection or was altered; set it again."
                )
                {
                    StatusReason = StatusReason.CredentialUnreadable,
                };
            }
        }

        return new TokenClient(
            connection.Organization,
            pack,
            connection.Settings,
            secret,
            connection.Settings.Parameters.SetItems(accountParameters),
            connection.Settings.RedirectUri ?? address.Callback
        );
    }
}
