using System.Security.Cryptography;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Sealing;

namespace Vault.Core.Accounts;

/// <summary>Seals and opens what an account holds, always in the place its row names (law 11).</summary>
public sealed class GrantSealing(Sealer sealer)
{
    public const string GrantField = "grant";
    public const string CredentialField = "credential";

    public SealedBlob SealGrant(SealingKey key, AccountId account, long generation, GrantSecrets grant) =>
        Seal(key, account, GrantField, generation, GrantCodec.Encode(grant));

    public SealedBlob SealCredential(SealingKey key, AccountId account, long generation, OwnCredential credential) =>
        Seal(key, account, CredentialField, generation, GrantCodec.Encode(credential));

    /// <summary>Null when the row holds no grant.</summary>
    /// <exception cref="SealBrokenException">The row was tampered with.</exception>
    public async ValueTask<Result<GrantSecrets?>> OpenGrantAsync(AccountRow row, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(row);
        if (row.Grant is not { } blob) return (GrantSecrets?)null;
        var opened = await OpenAsync(row, blob, GrantField, row.State.Generation, cancellationToken).ConfigureAwait(false);
        if (!opened.TryGet(out var plaintext, out var error)) return error;
        using (plaintext) return GrantCodec.DecodeGrant(plaintext.Reveal());
    }

    /// <summary>Null when the row holds no own credential.</summary>
    /// <exception cref="SealBrokenException">The row was tampered with.</exception>
    public async ValueTask<Result<OwnCredential?>> OpenCredentialAsync(AccountRow row, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(row);
        if (row.Credential is not { } blob) return (OwnCredential?)null;
        var opened = await OpenAsync(row, blob, CredentialField, row.CredentialGeneration, cancellationToken).ConfigureAwait(false);
        if (!opened.TryGet(out var plaintext, out var error)) return error;
        using (plaintext) return GrantCodec.DecodeCredential(plaintext.Reveal());
    }

    private SealedBlob Seal(SealingKey key, AccountId account, string field, long generation, byte[] plaintext)
    {
        try
        {
            ArgumentNullException.ThrowIfNull(key);
            return sealer.Seal(key, plaintext, new SealContext(key.Organization, account.Value, field, generation, key.Version));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plaintext);
        }
    }

    private ValueTask<Result<Secret>> OpenAsync(AccountRow row, SealedBlob blob, string field, long generation, CancellationToken cancellationToken) =>
        sealer.OpenAsync(blob, row.Key.Organization, row.Id.Value, field, generation, cancellationToken);
}
