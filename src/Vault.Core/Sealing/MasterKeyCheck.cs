using System.Security.Cryptography;
using Vault.Core.Identity;

namespace Vault.Core.Sealing;

/// <summary>
/// The key check value of a master key: 32 zero bytes, wrapped. It is a wrapped key like any other, so that every
/// wrapper can make one, in a place that no organization's key has: their versions begin with 1. The plaintext is
/// known to everybody and gives nothing away, because the wrapping is randomized.
/// </summary>
public static class MasterKeyCheck
{
    private static readonly OrganizationId Place = new(OrganizationId.Prefix + new string('0', 26));

    /// <summary>A check value under the wrapper's current master key, which it opens.</summary>
    public static ValueTask<byte[]> MakeAsync(IKeyWrapper wrapper, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(wrapper);
        return NewKey.WrapProvenAsync(
            wrapper,
            Place,
            0,
            new byte[XAes256Gcm.KeyLength],
            wrapper.MasterKeyId,
            cancellationToken
        );
    }

    /// <exception cref="MasterKeyUnknownException">The wrapper has no master key of this id.</exception>
    public static async ValueTask<bool> OpensAsync(
        IKeyWrapper wrapper,
        string masterKeyId,
        ReadOnlyMemory<byte> checkValue,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(wrapper);
        try
        {
            var opened = await wrapper
                .UnwrapAsync(Place, 0, masterKeyId, checkValue, cancellationToken)
                .ConfigureAwait(false);
            return CryptographicOperations.FixedTimeEquals(opened, new byte[XAes256Gcm.KeyLength]);
        }
        catch (DecryptionFailedException)
        {
            return false;
        }
    }
}
