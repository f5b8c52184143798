using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Organizations;
using Vault.Core.Persistence;

namespace Vault.Simulation;

/// <summary>The organizations as one process sees them: over the network, like the accounts.</summary>
internal sealed class SimOrganizations(World world, SimHost host) : IOrganizationStore
{
    public Task<OrganizationRow?> FindAsync(OrganizationId id, CancellationToken cancellationToken) =>
        world.CallAsync<OrganizationRow?>(host, Peer.Store, "read organization", null, () =>
            Scene.Wait(world.Store.Organizations.FindAsync(id, default))
        );

    public Task<WriteOutcome> UpdateAsync(
        OrganizationRow row,
        long expectedVersion,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    ) => world.CallAsync<WriteOutcome>(host, Peer.Store, "write organization", null, () =>
        {
            var outcome = Scene.Wait(world.Store.Organizations.UpdateAsync(row, expectedVersion, drafts, default));
            if (outcome == WriteOutcome.Written)
                world.ShutAt = row.State.Gate.Open ? null : world.ShutAt ?? world.Now;
            world.Tell(() =>
                outcome == WriteOutcome.Written
                    ? "the gate is " + (row.State.Gate.Open ? "open" : "shut")
                    : outcome.ToString()
            );
            return outcome;
        });

    public Task<WriteOutcome> InsertAsync(
        OrganizationRow row,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    ) => throw new NotSupportedException();

    public Task<Page<OrganizationRow>> ListAsync(
        string? externalId,
        int pageSize,
        string? cursor,
        CancellationToken cancellationToken
    ) => throw new NotSupportedException();

    public Task<IReadOnlyList<OrganizationId>> FindCascadesAsync(int limit, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<bool> PurgeAsync(OrganizationId id, int limit, CancellationToken cancellationToken) =>
        throw new NotSupportedException();
}
