using System.Security.Cryptography;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Templates;

namespace Vault.Core.Sealing;

/// <summary>Encrypts (seals) values for one place and decrypts (opens) them only in that place.</summary>
public sealed class Sealer(Keyring keyring, IEntropy entropy)
{
    /// <summary>
    /// Seals with a key the caller already holds, so it never waits for the key service or fails because of it (law 4).
    /// The caller still disposes the secret.
    /// </summary>
    /// <exception cref="ArgumentException">Key and context belong to different organizations: a bug in the
    /// caller.</exception>
    public SealedBlob Seal(SealingKey key, Secret value, SealContext context)
    {
        ArgumentNullException.ThrowIfNull(value);
        return Seal(key, value.Reveal(), context);
    }

    /// <inheritdoc cref="Seal(SealingKey, Secret, SealContext)"/>
    public SealedBlob Seal(SealingKey key, ReadOnlySpan<byte> value, SealContext context)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(context);
        if (key.Organization != context.Organization)
            throw new ArgumentException("The key belongs to another organization than the context names.", nameof(key));

        var header = SealedBlob.Header(key.Version, context.Destinations);
        var bytes = new byte[header.Length + XAes256Gcm.NonceLength + value.Length + XAes256Gcm.TagLength];
        header.CopyTo(bytes, 0);
        var nonce = bytes.AsSpan(header.Length, XAes256Gcm.NonceLength);

        // 192 random bits: after 2^80 messages under one key the probability of a repeated nonce is 2^-32. A counter
        // would not be safe, because a restored backup would repeat it.
        entropy.Fill(nonce);
        var ciphertext = bytes.AsSpan(header.Length + XAes256Gcm.NonceLength, value.Length);
        var blob = new SealedBlob(key.Version, bytes);
        key.Cipher.Encrypt(
            nonce,
            value,
            ciphertext,
            bytes.AsSpan(^XAes256Gcm.TagLength),
            AssociatedData(blob, context)
        );
        return blob;
    }

    /// <summary>Opens with a key the caller already holds.</summary>
    /// <exception cref="DecryptionFailedException">The blob belongs to another place or was altered.</exception>
    public static Secret Open(SealingKey key, SealedBlob blob, SealContext context)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(blob);
        ArgumentNullException.ThrowIfNull(context);

        // Row, blob and key must name the same version. The exception does not say which one differs.
        if (key.Organization != context.Organization || key.Version != blob.KeyVersion || !blob.HeaderAgrees())
            throw new DecryptionFailedException();
        var bytes = blob.Bytes.Span;
        var nonce = bytes.Slice(blob.Start, XAes256Gcm.NonceLength);
        var ciphertext = bytes[(blob.Start + XAes256Gcm.NonceLength)..^XAes256Gcm.TagLength];

        // Pinned: the garbage collector cannot leave a copy that disposing the secret would not zero.
        var plaintext = GC.AllocateUninitializedArray<byte>(ciphertext.Length, pinned: true);
        try
        {
            key.Cipher.Decrypt(
                nonce,
                ciphertext,
                bytes[^XAes256Gcm.TagLength..],
                plaintext,
                AssociatedData(blob, context)
            );
            return Secret.Own(plaintext);
        }
        catch
        {
            CryptographicOperations.ZeroMemory(plaintext);
            throw;
        }
    }

    /// <summary>
    /// Seals under the organization's active key. Errors as for <see cref="Keyring.HoldActiveAsync"/>.
    /// </summary>
    public async ValueTask<Result<SealedBlob>> SealAsync(
        Secret value,
        SealContext context,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(context);
        var held = await keyring.HoldActiveAsync(context.Organization, cancellationToken).ConfigureAwait(false);
        if (!held.TryGet(out var key, out var error))
            return error;
        using (key)
            return Seal(key, value, context);
    }

    /// <summary>Opens a row's value. Errors as for <see cref="Keyring.HoldVersionAsync"/>.</summary>
    /// <exception cref="DecryptionFailedException">The blob belongs to another place or was altered.</exception>
    public async ValueTask<Result<Secret>> OpenAsync(
        SealedBlob blob,
        SealContext context,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(blob);
        ArgumentNullException.ThrowIfNull(context);
        var held = await keyring
            .HoldVersionAsync(context.Organization, blob.KeyVersion, cancellationToken)
            .ConfigureAwait(false);
        if (!held.TryGet(out var key, out var error))
            return error;
        using (key)
            return Open(key, blob, context);
    }

    // The origins are read from the blob's header, the rest from the row. A blob of the other format has other
    // associated data, so the origins cannot be taken off.
    private static byte[] AssociatedData(SealedBlob blob, SealContext context) =>
        context.ToAssociatedData(
            blob.Format,
            blob.KeyVersion,
            blob.Format == SealedBlob.Bound ? Destinations.DigestOf(blob.DestinationBytes) : []
        );
}
