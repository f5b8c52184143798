using Vault.Core.Execution;
using Vault.Core.Identity;

namespace Vault.TestKit.Memory;

public sealed class MemoryOutputStore(MemoryStore store) : IOutputStore
{
    internal Dictionary<(OrganizationId, string), StoredOutput> Rows { get; } = [];

    public Task PutAsync(StoredOutput output, CancellationToken cancellationToken) =>
        store.RunAsync(
            "outputs.put",
            () => Rows[(output.Organization, output.ExecutionId)] = output,
            cancellationToken
        );

    public Task<StoredOutput?> FindAsync(
        OrganizationId organization,
        string executionId,
        DateTimeOffset now,
        CancellationToken cancellationToken
    ) =>
        store.RunAsync(
            "outputs.find",
            () => Rows.GetValueOrDefault((organization, executionId)) is { } row && row.ExpiresAt > now ? row : null,
            cancellationToken
        );

    public Task<int> DeleteExpiredAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken) =>
        store.RunAsync(
            "outputs.delete_expired",
            () =>
            {
                var expired = Rows.Where(r => r.Value.ExpiresAt < before).Select(r => r.Key).Take(limit).ToList();
                foreach (var key in expired)
                    Rows.Remove(key);
                return expired.Count;
            },
            cancellationToken
        );
}
