using System.Collections.Immutable;
using Vault.Core.Accounts;
using Vault.Core.Connections;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Refresh;
using Vault.Core.Sealing;

namespace Vault.Core.Consent;

/// <summary>
/// Seals a grant for its next generation and passes it to the owner of the account. Seals again when the row has moved
/// on.
/// </summary>
public sealed class GrantWriter(
    IAccountStore store,
    IConnectionStore connections,
    IAccounts accounts,
    TokenClients clients,
    Keyring keyring,
    GrantSealing sealing
)
{
    private const int Attempts = 5;

    /// <param name="key">The account; it exists (<see cref="IAccounts.PrepareAsync"/>).</param>
    /// <param name="client">The client that obtained or verified the credential: its pack and its parameters, with those
    /// of the account, are the origins that the credential is bound to.</param>
    /// <param name="grant">Tokens to seal; null when only a credential is stored.</param>
    /// <param name="credential">A static credential to seal; null for none.</param>
    /// <param name="complete">Adds facts, scopes, parameters and identity to a grant that has its row and
    /// generation; it is sealed after that.</param>
    /// <param name="cancellationToken">Cancels before the grant is stored. Callers that hold tokens pass none, because
    /// the tokens would be lost.</param>
    /// <exception cref="StoreUnavailableException">With <c>MayHaveCommitted</c>: the account may hold the
    /// grant.</exception>
    public async Task<Result<AccountRow>> StoreGrantAsync(
        AccountKey key,
        TokenClient client,
        GrantTokens? grant,
        StaticCredential? credential,
        Func<AccountRow, NewGrant, NewGrant> complete,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(complete);
        Result<AccountRow> outcome = new VaultError(
            ErrorCatalogue.Conflict,
            "Other requests keep changing the account; try again."
        );
        NewGrant? sent = null;
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var snapshot = await FindAsync(key, sent, cancellationToken);
            if (snapshot is null)
                return new VaultError(ErrorCatalogue.NotFound, "The account is gone.");
            var row = snapshot.Row;
            // The reply to the write was lost, but the write was committed: no other write can hold the same sealed
            // bytes, because their nonce is random.
            if (sent is not null && Holds(row, sent))
                return await StillWantedAsync(row);
            var held = await keyring.HoldActiveAsync(key.Organization, cancellationToken);
            if (!held.TryGet(out var sealingKey, out var unheld))
                return unheld;
            using (sealingKey)
            {
                // The generation is part of the associated data. If the row moves first, its owner refuses, and the
                // grant is sealed for the new generation.
                var generation = row.State.Generation + 1;
                var credentialGeneration = credential is null ? row.CredentialGeneration : row.CredentialGeneration + 1;
                var newGrant = new NewGrant
                {
                    Account = row.Id,
                    ConnectionId = row.ConnectionId,
                    Provider = row.Provider,
                    Generation = generation,
                    InstalledBy = "system",
                    CredentialGeneration = credentialGeneration,
                    RequestedScopes = row.State.RequestedScopes,
                    MaskedSuffix = credential is null ? null : CredentialSuffix.Of(credential.Fields),
                };
                newGrant = complete(row, newGrant);
                var bound = clients.InForce(client, newGrant.Parameters);
                sent = newGrant with
                {
                    Grant = grant is null ? null : sealing.SealGrant(sealingKey, row.Id, generation, grant, bound),
                    Credential = credential is null
                        ? null
                        : sealing.SealCredential(sealingKey, row.Id, credentialGeneration, credential, bound),
                };
                try
                {
                    outcome = await accounts.StoreGrantAsync(key, sent, cancellationToken);
                }
                catch (StoreUnavailableException e) when (e.MayHaveCommitted && attempt + 1 < Attempts)
                {
                    continue;
                }
            }

            if (outcome.TryGet(out var storedGrant, out var refused))
                return await StillWantedAsync(storedGrant);
            // If the outcome is unknown, the next iteration finds the write, or it writes a generation that the first
            // write can no longer take.
            if (refused.Code != ErrorCatalogue.Conflict && refused.Code != ErrorCatalogue.OutcomeUnknown)
                return outcome;
        }

        return outcome;
    }

    private async Task<AccountSnapshot?> FindAsync(AccountKey key, NewGrant? sent, CancellationToken cancellationToken)
    {
        try
        {
            return await store.FindAsync(key, cancellationToken);
        }
        catch (StoreUnavailableException e) when (sent is not null)
        {
            throw new StoreUnavailableException(e.Message, mayHaveCommitted: true, e);
        }
    }

    /// <summary>
    /// A connection is deleted before its accounts are disconnected for the last time, and a grant is stored before the
    /// connection is looked up. If consent and removal cross, one of them sees the other, so no grant stays alive under
    /// a deleted connection.
    /// </summary>
    private async Task<Result<AccountRow>> StillWantedAsync(AccountRow row)
    {
        try
        {
            if (await connections.FindAsync(row.Key.Organization, row.ConnectionId, CancellationToken.None) is not null)
                return row;
            await accounts.RevokeAsync(row.Key, "system", StatusReason.ConnectionDeleted, CancellationToken.None);
        }
        catch (StoreUnavailableException)
        {
            // The grant is stored; a refresh that finds no connection disconnects the account.
            return row;
        }

        return new VaultError(
            ErrorCatalogue.ConnectionUnknown,
            $"The connection '{row.Key.Connection}' was removed while the account was connecting."
        )
        {
            StatusReason = StatusReason.ConnectionDeleted,
        };
    }

    private static bool Holds(AccountRow row, NewGrant sent) =>
        row.State.Generation == sent.Generation
        && Same(row.Grant, sent.Grant)
        && (sent.Credential is null || Same(row.Credential, sent.Credential));

    private static bool Same(SealedBlob? stored, SealedBlob? given) =>
        stored is null || given is null
            ? stored is null && given is null
            : stored.KeyVersion == given.KeyVersion && stored.Bytes.Span.SequenceEqual(given.Bytes.Span);
}

/// <summary>
/// The visible suffix of a static credential: the end of its token. Nothing of a password is shown: a person chose it,
/// and may use the same end elsewhere.
/// </summary>
public static class CredentialSuffix
{
    private static readonly ImmutableArray<string> Significant = ["api_key", "key", "token", "secret_key"];

    /// <summary>Null for passwords, and for PEM keys and the like, whose end says nothing.</summary>
    public static string? Of(ImmutableSortedDictionary<string, Secret> fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        foreach (var name in Significant)
            if (fields.TryGetValue(name, out var secret))
                return secret.MaskedSuffix;
        return null;
    }
}
