using System.Collections.Immutable;
using Vault.Core.Accounts;
using Vault.Core.Connections;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Packs;
using Vault.Core.Sealing;
using Vault.Core.Templates;

namespace Vault.Core.Refresh;

/// <summary>
/// Builds the client for a provider's token endpoint: the connection's client with its secret decrypted, and the
/// parameters of connection and account.
/// </summary>
public sealed class TokenClients(IConnectionStore connections, IPacks packs, Sealer sealer, PublicAddress address)
{
    private const int MaxRaces = 8;

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
        var parameters = connection.Settings.Parameters.SetItems(accountParameters);
        Secret? secret = null;
        if (connection.ClientSecret is { } blob)
        {
            // Before it is opened: a secret goes only where it was given for (law 10).
            if (
                blob.ReadDestinations() is { } bound
                && PackOrigins.Outside(bound, pack, parameters, PackOrigins.OfClient(pack)) is { } origin
            )
                return PackOrigins.RefuseClient(connection.Name.Value, bound, origin);
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
            if (!blob.HasDestinations())
                await BindAsync(connection, pack, secret, cancellationToken).ConfigureAwait(false);
        }

        return new TokenClient(
            connection.Organization,
            pack,
            connection.Settings,
            secret,
            parameters,
            connection.Settings.RedirectUri ?? address.Callback
        );
    }

    /// <summary>
    /// The refusal for a client whose parameters have changed since its secret was opened (a consent has named another
    /// server) and now lead the secret elsewhere; null when they do not.
    /// </summary>
    public static VaultError? Elsewhere(ConnectionRow connection, TokenClient client)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(client);
        return
            connection.ClientSecret?.ReadDestinations() is { } bound
            && PackOrigins.Outside(bound, client.Pack, client.Parameters, PackOrigins.OfClient(client.Pack))
                is { } origin
            ? PackOrigins.RefuseClient(connection.Name.Value, bound, origin)
            : null;
    }

    /// <summary>The origins in force for a client, with these captured parameters.</summary>
    public Destinations InForce(TokenClient client, ImmutableSortedDictionary<string, string> captured)
    {
        ArgumentNullException.ThrowIfNull(client);
        return PackOrigins.Of(packs, client.Pack, client.Parameters.SetItems(captured));
    }

    /// <summary>The origins in force for a pack with these parameters.</summary>
    public Destinations InForce(ProviderPack pack, ImmutableSortedDictionary<string, string> parameters) =>
        PackOrigins.Of(packs, pack, parameters);

    /// <inheritdoc cref="PackOrigins.Moved"/>
    public Destinations Moved(
        Destinations bound,
        TokenClient client,
        ImmutableSortedDictionary<string, string> captured
    )
    {
        ArgumentNullException.ThrowIfNull(client);
        return PackOrigins.Moved(bound, packs, client.Pack, client.Parameters, captured);
    }

    /// <summary>
    /// Binds a client secret that an earlier version has sealed without destinations to the origins in force.
    /// </summary>
    public async Task<VaultError?> BindAsync(ConnectionRow connection, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        var none = ImmutableSortedDictionary<string, string>.Empty;
        for (var race = 0; race < MaxRaces; race++)
        {
            if (connection.ClientSecret is null || connection.ClientSecret.HasDestinations())
                return null;
            var opened = await ForAsync(connection, none, cancellationToken).ConfigureAwait(false);
            if (!opened.TryGet(out var client, out var error))
                return error;
            client.ClientSecret?.Dispose();
            if (
                await connections
                    .FindAsync(connection.Organization, connection.Id, cancellationToken)
                    .ConfigureAwait(false)
                is not { } read
            )
                return null;
            connection = read;
        }

        return new VaultError(ErrorCatalogue.Conflict, "The connection keeps changing; try again.");
    }

    // Compare-and-swap: after a lost race another writer has changed the connection, and the next use binds it. With a
    // new generation the unbound ciphertext cannot be put back.
    private async Task BindAsync(
        ConnectionRow connection,
        ProviderPack pack,
        Secret secret,
        CancellationToken cancellationToken
    )
    {
        var generation = connection.SecretGeneration + 1;
        var place = SealContext.ClientSecret(connection.Organization, connection.Id, generation);
        var bound = PackOrigins.OfConnection(packs, pack, connection.Settings.Parameters);
        var sealing = await sealer.SealAsync(secret, place.BoundTo(bound), cancellationToken).ConfigureAwait(false);
        if (!sealing.TryGet(out var blob, out _))
            return;
        var next = connection with
        {
            Version = connection.Version + 1,
            ClientSecret = blob,
            SecretGeneration = generation,
        };
        await connections.UpdateAsync(next, connection.Version, [], cancellationToken).ConfigureAwait(false);
    }
}
