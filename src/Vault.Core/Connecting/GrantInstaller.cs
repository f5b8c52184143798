using System.Collections.Immutable;
using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Sealing;

namespace Vault.Core.Connecting;

/// <summary>Seals what was obtained for the generation it will have and hands it to the account's owner; seals again when the row has moved on.</summary>
public sealed class GrantInstaller(IAccountStore store, IAccounts accounts, Keyring keyring, GrantSealing sealing)
{
    private const int Attempts = 5;

    /// <param name="key">The account; it exists (<see cref="IAccounts.PrepareAsync"/>).</param>
    /// <param name="grant">Tokens to seal; null when only a credential is installed.</param>
    /// <param name="credential">An own credential to seal; null for none.</param>
    /// <param name="complete">Adds facts, scopes and identity to an installation that has its row, generation and sealed parts.</param>
    /// <param name="cancellationToken">Gives up before the installation; ignored by callers that hold tokens which would be lost.</param>
    public async Task<Result<AccountRow>> InstallAsync(
        AccountKey key, GrantSecrets? grant, OwnCredential? credential, Func<AccountRow, GrantInstallation, GrantInstallation> complete, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(complete);
        Result<AccountRow> outcome = new VaultError(ErrorCatalogue.Conflict, "The account is being changed by others; try again.");
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            if (await store.FindAsync(key, cancellationToken) is not { } snapshot) return new VaultError(ErrorCatalogue.NotFound, "The account is gone.");
            var row = snapshot.Row;
            var held = await keyring.HoldActiveAsync(key.Organization, cancellationToken);
            if (!held.TryGet(out var sealingKey, out var unheld)) return unheld;
            using (sealingKey)
            {
                // The generation is part of what is sealed: if the row moves before the installation, its owner refuses and we seal for the new one.
                var generation = row.State.Generation + 1;
                var credentialGeneration = credential is null ? row.CredentialGeneration : row.CredentialGeneration + 1;
                var installation = new GrantInstallation
                {
                    Account = row.Id, ConnectionId = row.ConnectionId, Provider = row.Provider, Generation = generation, InstalledBy = "system",
                    Grant = grant is null ? null : sealing.SealGrant(sealingKey, row.Id, generation, grant),
                    Credential = credential is null ? null : sealing.SealCredential(sealingKey, row.Id, credentialGeneration, credential),
                    CredentialGeneration = credentialGeneration,
                    RequestedScopes = row.State.RequestedScopes, MaskedSuffix = credential is null ? null : CredentialSuffix.Of(credential.Fields),
                };
                outcome = await accounts.InstallAsync(key, complete(row, installation), cancellationToken);
            }

            if (outcome.IsOk || outcome.Error!.Code != ErrorCatalogue.Conflict) return outcome;
        }

        return outcome;
    }
}

/// <summary>What is shown of an own credential: the end of its most telling field.</summary>
public static class CredentialSuffix
{
    private static readonly ImmutableArray<string> Telling = ["api_key", "key", "token", "secret_key", "password"];

    /// <summary>Null for PEM keys and the like, whose end says nothing.</summary>
    public static string? Of(ImmutableSortedDictionary<string, Secret> fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        foreach (var name in Telling)
            if (fields.TryGetValue(name, out var secret)) return secret.MaskedSuffix;
        return fields.Count == 1 ? fields.Values.First().MaskedSuffix : null;
    }
}
