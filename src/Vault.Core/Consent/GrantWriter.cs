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
/// Seals what was obtained for the generation it will have and hands it to the account's owner; seals again when the
/// row has moved on.
/// </summary>
public sealed class GrantWriter(
    IAccountStore store,
    IConnectionStore connections,
    IAccounts accounts,
    Keyring keyring,
    GrantSealing sealing
)
{
    private const int Attempts = 5;

    /// <param name="key">The account; it exists (<see cref="IAccounts.PrepareAsync"/>).</param>
    /// <param name="grant">Tokens to seal; null when only a credential is installed.</param>
    /// <param name="credential">An own credential to seal; null for none.</param>
    /// <param name="complete">Adds facts, scopes and identity to an installation that has its row, generation and
    /// sealed parts.</param>
    /// <param name="cancellationToken">Gives up before the installation; ignored by callers that hold tokens which
    /// would be lost.</param>
    /// <exception cref="StoreUnavailableException">With <c>MayHaveCommitted</c>: the account may hold what was
    /// given.</exception>
    public async Task<Result<AccountRow>> StoreGrantAsync(
        AccountKey key,
        GrantTokens? grant,
        StaticCredential? credential,
        Func<AccountRow, NewGrant, NewGrant> complete,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(complete);
        Result<AccountRow> outcome = new VaultError(
            ErrorCatalogue.Conflict,
            "The account is being changed by others; try again."
        );
        NewGrant? sent = null;
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var snapshot = await FindAsync(key, sent, cancellationToken);
            if (snapshot is null)
                return new VaultError(ErrorCatalogue.NotFound, "The account is gone.");
            var row = snapshot.Row;
            // Its word was lost, not the write. Nothing else can hold the very same seal, since its nonce is random.
            if (sent is not null && Holds(row, sent))
                return await StillWantedAsync(row);
            var held = await keyring.HoldActiveAsync(key.Organization, cancellationToken);
            if (!held.TryGet(out var sealingKey, out var unheld))
                return unheld;
            using (sealingKey)
            {
                // The generation is part of what is sealed: if the row moves before the installation, its owner refuses
                // and we seal for the new one.
                var generation = row.State.Generation + 1;
                var credentialGeneration = credential is null ? row.CredentialGeneration : row.CredentialGeneration + 1;
                var newGrant = new NewGrant
                {
                    Account = row.Id,
                    ConnectionId = row.ConnectionId,
                    Provider = row.Provider,
                    Generation = generation,
                    InstalledBy = "system",
                    Grant = grant is null ? null : sealing.SealGrant(sealingKey, row.Id, generation, grant),
                    Credential = credential is null
                        ? null
                        : sealing.SealCredential(sealingKey, row.Id, credentialGeneration, credential),
                    CredentialGeneration = credentialGeneration,
                    RequestedScopes = row.State.RequestedScopes,
                    MaskedSuffix = credential is null ? null : CredentialSuffix.Of(credential.Fields),
                };
                sent = complete(row, newGrant);
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
            // Where nobody knows, the next turn finds it done, or writes a generation that the one under way can no
            // longer take.
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
    /// A connection is deleted before its accounts are disconnected for the last time, and an installation looks for it
    /// after its write: of a consent and a removal that cross, one sees the other, and no grant goes on living under a
    /// connection that is gone.
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
            // It is installed; a refresh that finds no connection disconnects it.
            return row;
        }

        return new VaultError(
            ErrorCatalogue.ConnectionUnknown,
            $"The connection '{row.Key.Connection}' was removed meanwhile."
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
/// What is shown of an own credential: the end of its token. Nothing of a password: a person made it, and may use the
/// same end elsewhere.
/// </summary>
public static class CredentialSuffix
{
    private static readonly ImmutableArray<string> Telling = ["api_key", "key", "token", "secret_key"];

    /// <summary>Null for passwords, and for PEM keys and the like, whose end says nothing.</summary>
    public static string? Of(ImmutableSortedDictionary<string, Secret> fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        foreach (var name in Telling)
            if (fields.TryGetValue(name, out var secret))
                return secret.MaskedSuffix;
        return null;
    }
}
