using System.Security.Cryptography;
using Vault.Core.Identity;

namespace Vault.Core.Sealing;

/// <summary>Creates and wraps a data key, and verifies that it unwraps before a value is sealed under it.</summary>
internal static class NewKey
{
    public static async ValueTask<OrganizationKeyRow> WrapAsync(
        IKeyWrapper wrapper,
        IEntropy entropy,
        OrganizationId organization,
        uint version,
        OrganizationKeyStatus status,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        var key = GC.AllocateArray<byte>(XAes256Gcm.KeyLength, pinned: true);
        try
        {
            entropy.Fill(key);
            var masterKeyId = wrapper.MasterKeyId;
            var wrapped = await WrapProvenAsync(wrapper, organization, version, key, masterKeyId, cancellationToken)
                .ConfigureAwait(false);
            return new OrganizationKeyRow(organization, version, status, wrapped, masterKeyId, now, now, 1);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    public static async ValueTask<byte[]> WrapProvenAsync(
        IKeyWrapper wrapper,
        OrganizationId organization,
        uint version,
        ReadOnlyMemory<byte> key,
        string masterKeyId,
        CancellationToken cancellationToken
    )
    {
        var wrapped = await wrapper.WrapAsync(organization, version, key, cancellationToken).ConfigureAwait(false);
        var back = await wrapper
            .UnwrapAsync(organization, version, masterKeyId, wrapped, cancellationToken)
            .ConfigureAwait(false);
        try
        {
            if (!CryptographicOperations.FixedTimeEquals(back, key.Span))
                throw new DecryptionFailedException();
            return wrapped;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(back);
        }
    }
}
