using System.Security.Cryptography;

namespace Vault.Core.Sealing;

/// <param name="Rewrapped">The number of keys this run has re-wrapped under the new master key.</param>
/// <param name="Broken">Keys that do not unwrap. They are unchanged; keep the old master key configured until the cause
/// is known.</param>
/// <param name="Done">No key is left under another master key.</param>
public sealed record RewrapReport(int Rewrapped, IReadOnlyList<OrganizationKeyPosition> Broken, bool Done);

/// <summary>
/// Re-wraps every organization's keys under the wrapper's current master key. The data keys, and therefore all
/// ciphertexts, do not change. The store lists the keys that are still to do, so a run after a crash continues with the
/// rest. Both master keys must be configured during the run (<see cref="CompositeKeyWrapper"/>).
/// </summary>
public sealed class MasterRewrap(IOrganizationKeyStore keys, IKeyWrapper wrapper)
{
    private const int PageSize = 100;

    /// <exception cref="KeyServiceUnavailableException">The key service cannot be reached; run again.</exception>
    public async Task<RewrapReport> RunAsync(CancellationToken cancellationToken)
    {
        var target = wrapper.MasterKeyId;
        var rewrapped = 0;
        var lost = false;
        var broken = new List<OrganizationKeyPosition>();
        OrganizationKeyPosition? after = null;
        while (true)
        {
            var page = await keys.ListNotUnderMasterAsync(target, after, PageSize, cancellationToken)
                .ConfigureAwait(false);
            if (page.Count == 0)
                break;
            foreach (var row in page)
            {
                after = new(row.Organization, row.Version);
                switch (await RewrapAsync(row, target, cancellationToken).ConfigureAwait(false))
                {
                    case true:
                        rewrapped++;
                        break;
                    case false:
                        lost = true;
                        break;
                    default:
                        broken.Add(after.Value);
                        break;
                }
            }
        }

        return new RewrapReport(rewrapped, broken, !lost && broken.Count == 0);
    }

    // Null: the key does not unwrap. False: the row changed since it was read (activated, destroyed, or re-wrapped by
    // another host); the next run reads it again.
    private async Task<bool?> RewrapAsync(OrganizationKeyRow row, string target, CancellationToken cancellationToken)
    {
        if (row.Wrapped is not { } wrapped)
            return false;
        byte[] key;
        try
        {
            key = await wrapper
                .UnwrapAsync(row.Organization, row.Version, row.MasterKeyId, wrapped, cancellationToken)
                .ConfigureAwait(false);
        }
        catch (Exception e) when (e is DecryptionFailedException or MasterKeyUnknownException)
        {
            return null;
        }

        try
        {
            var next = row with
            {
                Wrapped = await NewKey
                    .WrapProvenAsync(wrapper, row.Organization, row.Version, key, target, cancellationToken)
                    .ConfigureAwait(false),
                MasterKeyId = target,
                RowVersion = row.RowVersion + 1,
            };

            // Compare-and-swap: this write must not restore a key that was destroyed since it was read.
            return await keys.TryUpdateAsync(next, row.RowVersion, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }
}
