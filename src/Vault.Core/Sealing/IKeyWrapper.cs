using Vault.Core.Identity;

namespace Vault.Core.Sealing;

/// <summary>
/// The port to the master key, in a local file or a KMS. It wraps one data key per organization and version and binds
/// the wrapped key to organization, version and master key id, so a wrapped key moved to another row does not unwrap.
/// </summary>
public interface IKeyWrapper
{
    /// <summary>
    /// The id of the master key that <see cref="WrapAsync"/> uses. The row stores it with the wrapped key.
    /// </summary>
    string MasterKeyId { get; }

    /// <param name="organization">The tenant the key belongs to.</param>
    /// <param name="keyVersion">The version of the tenant's key.</param>
    /// <param name="plaintextKey">32 bytes; the implementation keeps no copy.</param>
    /// <param name="cancellationToken">Stops waiting for a remote key service.</param>
    /// <exception cref="KeyServiceUnavailableException">The key service cannot be reached; retry later.</exception>
    ValueTask<byte[]> WrapAsync(
        OrganizationId organization,
        uint keyVersion,
        ReadOnlyMemory<byte> plaintextKey,
        CancellationToken cancellationToken
    );

    /// <summary>Returns the plaintext key in a new array, which the caller owns and zeroes.</summary>
    /// <param name="organization">The organization of the row, never a value read from the wrapped bytes.</param>
    /// <param name="keyVersion">The version in the row.</param>
    /// <param name="masterKeyId">The master key id in the row.</param>
    /// <param name="wrapped">The wrapped key in the row.</param>
    /// <param name="cancellationToken">Stops waiting for a remote key service.</param>
    /// <exception cref="DecryptionFailedException">The key does not unwrap under this master key and row.</exception>
    /// <exception cref="MasterKeyUnknownException">No master key with this id is configured.</exception>
    /// <exception cref="KeyServiceUnavailableException">The key service cannot be reached; retry later.</exception>
    ValueTask<byte[]> UnwrapAsync(
        OrganizationId organization,
        uint keyVersion,
        string masterKeyId,
        ReadOnlyMemory<byte> wrapped,
        CancellationToken cancellationToken
    );
}

/// <summary>
/// The service that holds the master key is unreachable or busy. It does not mean that a key is damaged.
/// </summary>
public sealed class KeyServiceUnavailableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A row names a master key that is not configured. A master key id is not secret.</summary>
public sealed class MasterKeyUnknownException(string masterKeyId)
    : Exception(
        $"No master key '{masterKeyId}' is configured. Configure it as the master key, or as a previous one until "
            + "every key is re-wrapped."
    )
{
    public string MasterKeyId { get; } = masterKeyId;
}
