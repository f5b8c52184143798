using Orleans.Concurrency;
using Orleans.Placement;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Offboarding;
using Vault.Core.Organizations;

namespace Vault.Host.Grains;

/// <summary>
/// An organization's gate, keys and cascades, keyed by its id. Jobs are serialized; closing the gate interleaves and
/// never waits for one.
/// </summary>
[Alias("vault.organization")]
public interface IOrganizationGrain : IGrainWithStringKey
{
    [Alias("suspend"), AlwaysInterleave, ResponseTimeout("00:02:00")]
    Task<Result<OrganizationRow>> SuspendAsync(string requestedBy, CancellationToken cancellationToken);

    [Alias("resume")]
    Task<Result<OrganizationRow>> ResumeAsync(string requestedBy, CancellationToken cancellationToken);

    [Alias("rotate_key")]
    Task<Result<uint>> RotateKeyAsync(string requestedBy, CancellationToken cancellationToken);

    [Alias("disconnect"), ResponseTimeout("00:10:00")]
    Task<Result<long>> DisconnectAsync(string connectionId, string requestedBy, CancellationToken cancellationToken);

    [Alias("erase"), ResponseTimeout("00:10:00")]
    Task<Result<ErasureReceipt>> EraseAsync(string requestedBy, CancellationToken cancellationToken);
}

/// <summary>
/// Stateless, for the same reason as the account's grain. An acknowledged gate change holds on every silo: no silo acts
/// on a row for longer than the freshness lease after reading it, and the owner waits that long before it responds (law
/// 8). Messages to the other silos could not guarantee this. If a silo dies during a cascade, the maintenance of any
/// silo finds the cascade's cursor in the store and resumes it.
/// </summary>
[RandomPlacement]
[GrainType("vault.organization")]
internal sealed class OrganizationGrain(OrganizationOwner owner) : Grain, IOrganizationGrain
{
    private OrganizationId Id => new(this.GetPrimaryKeyString());

    public Task<Result<OrganizationRow>> SuspendAsync(string requestedBy, CancellationToken cancellationToken) =>
        owner.SuspendAsync(Id, requestedBy, cancellationToken);

    public Task<Result<OrganizationRow>> ResumeAsync(string requestedBy, CancellationToken cancellationToken) =>
        owner.ResumeAsync(Id, requestedBy, cancellationToken);

    public Task<Result<uint>> RotateKeyAsync(string requestedBy, CancellationToken cancellationToken) =>
        owner.RotateKeyAsync(Id, requestedBy, cancellationToken);

    public Task<Result<long>> DisconnectAsync(
        string connectionId,
        string requestedBy,
        CancellationToken cancellationToken
    ) => owner.DisconnectAsync(Id, connectionId, requestedBy, cancellationToken);

    public Task<Result<ErasureReceipt>> EraseAsync(string requestedBy, CancellationToken cancellationToken) =>
        owner.EraseAsync(Id, requestedBy, cancellationToken);
}
