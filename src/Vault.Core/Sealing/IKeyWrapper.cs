using Vault.Core.Identity;

namespace Vault.Core.Sealing;

/// <summary>
/// The master key, wherever it lives: a local file, a KMS. It wraps one data key per organization and version and binds
/// the wrapping to organization, version and master key id, so that a wrapped key moved to another row does not unwrap.
/// </summary>
public interface IKeyWrapper
{
    /// <summary>
    /// Names the master key that <see cref="WrapAsync"/> uses; stored in the row beside the wrapped key.
    /// </summary>
    string MasterKeyId { get; }

    /// <param name="organization">The tenant the key belongs to.</param>
    /// <param name="keyVersion">The version of the tenant's key.</param>
    /// <param name="plaintextKey">32 bytes; the implementation keeps no copy.</param>
    /// <param name="cancellationToken">Gives up waiting for a remote key service.</param>
    /// <exception cref="KeyServiceUnavailableException">The key service cannot be reached; trying later may
    /// help.</exception>
    ValueTask<byte[]> WrapAsync(
        OrganizationId organization,
        uint keyVersion,
        ReadOnlyMemory<byte> plaintextKey,
        CancellationToken cancellationToken
    );

    /// <summary>The plaintext key in a fresh array that the caller owns and zeroes.</summary>
    /// <param name="organization">The organization of the row, never anything read from the wrapped bytes.</param>
    /// <param name="keyVersion">The version the row names.</param>
    /// <param name="masterKeyId">The master key the row names.</param>
    /// <param name="wrapped">The wrapped key of the row.</param>
    /// <param name="cancellationToken">Gives up waiting for a remote key service.</param>
    /// <exception cref="DecryptionFailedException">It does not unwrap under this master key in this place.</exception>
    /// <exception cref="MasterKeyUnknownException">No master key of this id is configured here.</exception>
    /// <exception cref="KeyServiceUnavailableException">The key service cannot be reached; trying later may
    /// help.</exception>
    ValueTask<byte[]> UnwrapAsync(
        OrganizationId organization,
        uint keyVersion,
        string masterKeyId,
        ReadOnlyMemory<byte> wrapped,
        CancellationToken cancellationToken
    );
}

/// <summary>
/// The service that holds the master key cannot be reached or is busy. Nothing is known to be wrong with any key.
/// </summary>
public sealed class KeyServiceUnavailableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A row names a master key that is not configured here. A master key id is not secret.</summary>
public sealed class MasterKeyUnknownException(string masterKeyId)
    : Exception(
        $"No master key '{masterKeyId}' is configured. Configure it as the master key, or as a previous one until every key is re-wrapped."
    )
{
    public string MasterKeyId { get; } = masterKeyId;
}
