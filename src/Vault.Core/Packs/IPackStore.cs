using Vault.Core.Persistence;

namespace Vault.Core.Packs;

/// <summary>An operator's own pack, verbatim as given and validated; packs of the platform itself are files.</summary>
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

    /// <summary>A number that changes whenever any pack changes; hosts poll it to reload.</summary>
    Task<long> RevisionAsync(CancellationToken cancellationToken);
}
