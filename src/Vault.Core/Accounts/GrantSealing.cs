using System.Security.Cryptography;
using System.Text.Json;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Sealing;
using Vault.Core.Templates;

namespace Vault.Core.Accounts;

/// <summary>
/// Seals and opens the credentials of an account. The seal context comes from the row, never from the ciphertext (law
/// 11).
/// </summary>
public sealed class GrantSealing(Sealer sealer)
{
    /// <param name="destinations">The only origins that the tokens may be sent to.</param>
    public SealedBlob SealGrant(
        SealingKey key,
        AccountId account,
        long generation,
        GrantTokens grant,
        Destinations destinations
    )
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(destinations);
        var place = SealContext.Grant(key.Organization, account, generation);
        return Seal(key, place.BoundTo(destinations), GrantCodec.Encode(grant));
    }

    /// <inheritdoc cref="SealGrant"/>
    public SealedBlob SealCredential(
        SealingKey key,
        AccountId account,
        long generation,
        StaticCredential credential,
        Destinations destinations
    )
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(destinations);
        var place = SealContext.Credential(key.Organization, account, generation);
        return Seal(key, place.BoundTo(destinations), GrantCodec.Encode(credential));
    }

    /// <summary>
    /// The reply with a proof of all its fields, for the spool. The grant is part of what is proven: the proof of one
    /// attempt does not fit another attempt of the same generation.
    /// </summary>
    public SpooledReply Prove(SealingKey key, SpooledReply reply)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(reply);
        return reply with { Proof = Seal(key, PlaceOf(reply), DigestOf(reply)) };
    }

    /// <summary>
    /// Whether the reply is as a host wrote it. False for a file of an earlier version, which sealed only the grant.
    /// </summary>
    public async ValueTask<bool> IsProvenAsync(SpooledReply reply, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(reply);
        if (reply.Proof is not { } proof)
            return false;
        try
        {
            var opened = await sealer.OpenAsync(proof, PlaceOf(reply), cancellationToken).ConfigureAwait(false);
            if (!opened.TryGet(out var digest, out _))
                return false;
            using (digest)
                return CryptographicOperations.FixedTimeEquals(digest.Reveal(), DigestOf(reply));
        }
        catch (DecryptionFailedException)
        {
            return false;
        }
    }

    private static SealContext PlaceOf(SpooledReply reply) =>
        SealContext.SpooledReply(reply.Key.Organization, reply.Account, reply.Generation);

    private static byte[] DigestOf(SpooledReply reply) =>
        SHA256.HashData(
            JsonSerializer.SerializeToUtf8Bytes(
                new
                {
                    Key = reply.Key.ToString(),
                    reply.AttemptId,
                    reply.Grant.KeyVersion,
                    Grant = reply.Grant.Bytes.ToArray(),
                    reply.Facts,
                    reply.Scopes,
                    reply.SpooledAt,
                }
            )
        );

    /// <summary>Null when the row holds no grant.</summary>
    /// <exception cref="DecryptionFailedException">The row was tampered with.</exception>
    public async ValueTask<Result<GrantTokens?>> OpenGrantAsync(AccountRow row, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(row);
        if (row.Grant is not { } blob)
            return (GrantTokens?)null;
        var opened = await sealer
            .OpenAsync(blob, SealContext.Grant(row.Key.Organization, row.Id, row.State.Generation), cancellationToken)
            .ConfigureAwait(false);
        if (!opened.TryGet(out var plaintext, out var error))
            return error;
        using (plaintext)
            return GrantCodec.DecodeGrant(plaintext.Reveal());
    }

    /// <summary>Null when the row holds no static credential.</summary>
    /// <exception cref="DecryptionFailedException">The row was tampered with.</exception>
    public async ValueTask<Result<StaticCredential?>> OpenCredentialAsync(
        AccountRow row,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(row);
        if (row.Credential is not { } blob)
            return (StaticCredential?)null;
        var place = SealContext.Credential(row.Key.Organization, row.Id, row.CredentialGeneration);
        var opened = await sealer.OpenAsync(blob, place, cancellationToken).ConfigureAwait(false);
        if (!opened.TryGet(out var plaintext, out var error))
            return error;
        using (plaintext)
            return GrantCodec.DecodeCredential(plaintext.Reveal());
    }

    private SealedBlob Seal(SealingKey key, SealContext place, byte[] plaintext)
    {
        try
        {
            return sealer.Seal(key, plaintext, place);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plaintext);
        }
    }
}
