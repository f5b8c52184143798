using Vault.Core.Packs;
using Vault.Core.Persistence;

namespace Vault.TestKit.Memory;

public sealed class MemoryPackStore(MemoryStore store) : IPackStore
{
    private readonly SortedDictionary<string, StoredPack> _rows = new(StringComparer.Ordinal);

    public Task<IReadOnlyList<StoredPack>> ListAsync(CancellationToken cancellationToken) =>
        store.RunAsync<IReadOnlyList<StoredPack>>("packs.list", () => [.. _rows.Values], cancellationToken);

    public Task<WriteOutcome> PutAsync(StoredPack pack, long? expectedVersion, CancellationToken cancellationToken) =>
        store.RunAsync(
            "packs.put",
            () =>
            {
                var stored = _rows.GetValueOrDefault(pack.ProviderId);
                if (stored?.Version != expectedVersion)
                    return WriteOutcome.Stale;
                _rows[pack.ProviderId] = pack with { Version = (expectedVersion ?? 0) + 1 };
                return WriteOutcome.Written;
            },
            cancellationToken
        );

    public Task<long> RevisionAsync(CancellationToken cancellationToken) =>
        store.RunAsync("packs.revision", () => _rows.Values.Sum(r => r.Version), cancellationToken);
}
