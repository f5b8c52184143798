using Vault.Core.Persistence;

namespace Vault.Core.Packs;

/// <summary>An operator's pack, validated and stored verbatim. The packs of the platform are files.</summary>
public sealed record StoredPack(
    string ProviderId,
    string PackVersion,
    string Json,
    long Version,
    DateTimeOffset UpdatedAt
);

public interface IPackStore
{
    Task<IReadOnlyList<StoredPack>> ListAsync(CancellationToken cancellationToken);

    Task<WriteOutcome> PutAsync(StoredPack pack, long? expectedVersion, CancellationToken cancellationToken);

    /// <summary>A number that changes with every change of a pack. Hosts poll it to reload.</summary>
    Task<long> RevisionAsync(CancellationToken cancellationToken);
}
