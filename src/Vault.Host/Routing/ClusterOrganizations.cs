using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Offboarding;
using Vault.Core.Organizations;
using Vault.Host.Grains;

namespace Vault.Host.Routing;

/// <summary>
/// The organization door of a silo. Creating has no grain yet, and a change is a function that does not travel: both
/// are one compare-and-swap, done here.
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

    // The lifecycle answers a repeated event with what is already so, and a cascade goes on where it is.
    private async Task<Result<T>> AskAsync<T>(Func<Task<Result<T>>> call, CancellationToken cancellationToken)
    {
        var called = await calls.CallAsync(call, null, evenUnknown: true, cancellationToken).ConfigureAwait(false);
        return called.Failure switch
        {
            null => called.Answer,
            CallFailure.NotDelivered => GrainCalls.NoSiloAvailable,
            _ => new VaultError(
                ErrorCatalogue.OutcomeUnknown,
                "The silo that worked on it did not answer; read the organization's state."
            ),
        };
    }
}
