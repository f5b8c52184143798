using System.Security.Cryptography;

namespace Vault.Core.Sealing;

/// <param name="Rewrapped">Keys now under the new master key, by this run.</param>
/// <param name="Broken">Keys that do not unwrap; they stay as they are, and the old master key must stay configured
/// until they are explained.</param>
/// <param name="Done">Nothing is left under another master key.</param>
public sealed record RewrapReport(int Rewrapped, IReadOnlyList<OrganizationKeyPosition> Broken, bool Done);

/// <summary>
/// Re-wraps every organization's keys under the wrapper's current master key; the data keys themselves, and so every
/// ciphertext, stay as they are. What is left to do is what the store still lists, so a crash costs nothing and a
/// second run does only the rest. Both masters must be readable meanwhile (<see cref="CompositeKeyWrapper"/>).
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

    // Null: it does not unwrap. False: the row changed meanwhile (activated, destroyed, re-wrapped by another host);
    // the next run sees what it became.
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

            // Compare-and-swap: a key destroyed since it was read must not come back to life through this write.
            return await keys.TryUpdateAsync(next, row.RowVersion, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }
}
