using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Offboarding;
using Vault.Core.Organizations;
using Vault.Host.Grains;

namespace Vault.Host.Routing;

/// <summary>
/// The grain-backed implementation of the port. Create has no grain yet, and the function of a change cannot be
/// serialized: both are one compare-and-swap, so they run on this silo.
/// </summary>
internal sealed class ClusterOrganizations(IGrainFactory grains, GrainCalls calls, OrganizationOwner local)
    : IOrganizations
{
    public Task<Result<OrganizationRow>> CreateAsync(
        string displayName,
        string? externalId,
        string requestedBy,
        CancellationToken cancellationToken
    ) => local.CreateAsync(displayName, externalId, requestedBy, cancellationToken);

    public Task<Result<OrganizationRow>> ChangeAsync(
        OrganizationId id,
        Func<OrganizationRow, Result<OrganizationRow>> change,
        string requestedBy,
        CancellationToken cancellationToken
    ) => local.ChangeAsync(id, change, requestedBy, cancellationToken);

    public Task<Result<OrganizationRow>> SuspendAsync(
        OrganizationId id,
        string requestedBy,
        CancellationToken cancellationToken
    ) => AskAsync(() => Grain(id).SuspendAsync(requestedBy, cancellationToken), cancellationToken);

    public Task<Result<OrganizationRow>> ResumeAsync(
        OrganizationId id,
        string requestedBy,
        CancellationToken cancellationToken
    ) => AskAsync(() => Grain(id).ResumeAsync(requestedBy, cancellationToken), cancellationToken);

    public Task<Result<uint>> RotateKeyAsync(
        OrganizationId id,
        string requestedBy,
        CancellationToken cancellationToken
    ) => AskAsync(() => Grain(id).RotateKeyAsync(requestedBy, cancellationToken), cancellationToken);

    public Task<Result<long>> DisconnectAsync(
        OrganizationId id,
        string connectionId,
        string requestedBy,
        CancellationToken cancellationToken
    ) => AskAsync(() => Grain(id).DisconnectAsync(connectionId, requestedBy, cancellationToken), cancellationToken);

    public Task<Result<ErasureReceipt>> EraseAsync(
        OrganizationId id,
        string requestedBy,
        CancellationToken cancellationToken
    ) => AskAsync(() => Grain(id).EraseAsync(requestedBy, cancellationToken), cancellationToken);

    private IOrganizationGrain Grain(OrganizationId id) => grains.GetGrain<IOrganizationGrain>(id.Value);

    // Repeating any of these calls is safe: the lifecycle returns the present state for a repeated event, and a cascade
    // resumes at its cursor.
    private async Task<Result<T>> AskAsync<T>(Func<Task<Result<T>>> call, CancellationToken cancellationToken)
    {
        var called = await calls.CallAsync(call, null, evenUnknown: true, cancellationToken).ConfigureAwait(false);
        return called.Failure switch
        {
            null => called.Value,
            CallFailure.NotDelivered => GrainCalls.NoSiloAvailable,
            _ => new VaultError(
                ErrorCatalogue.OutcomeUnknown,
                "The silo that ran the call did not respond; read the organization's state."
            ),
        };
    }
}
