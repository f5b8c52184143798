using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Organizations;

namespace Vault.Core.Offboarding;

/// <summary>The receipt of an erasure.</summary>
public sealed record ErasureReceipt(
    OrganizationId Organization,
    DateTimeOffset StartedAt,
    DateTimeOffset? FinishedAt,
    long AccountsRevoked,
    int KeysDestroyed,
    OrganizationStatus Status
);

/// <summary>The door to organizations that a host supplies.</summary>
public interface IOrganizations
{
    Task<Result<OrganizationRow>> CreateAsync(
        string displayName,
        string? externalId,
        string requestedBy,
        CancellationToken cancellationToken
    );

    Task<Result<OrganizationRow>> ChangeAsync(
        OrganizationId id,
        Func<OrganizationRow, Result<OrganizationRow>> change,
        string requestedBy,
        CancellationToken cancellationToken
    );

    /// <summary>Shuts the gate; acknowledges when nothing of the organization runs on any host (law 8).</summary>
    Task<Result<OrganizationRow>> SuspendAsync(
        OrganizationId id,
        string requestedBy,
        CancellationToken cancellationToken
    );

    Task<Result<OrganizationRow>> ResumeAsync(
        OrganizationId id,
        string requestedBy,
        CancellationToken cancellationToken
    );

    /// <summary>
    /// A new data key; rows are sealed again in the background, resumable; answers the new key version. How far it is
    /// stands in <see cref="Sealing.IKeyRotationStore"/>.
    /// </summary>
    Task<Result<uint>> RotateKeyAsync(OrganizationId id, string requestedBy, CancellationToken cancellationToken);

    /// <summary>
    /// Disconnects every account of a removed connection, resumable; answers how many, when no host will use them
    /// again.
    /// </summary>
    Task<Result<long>> DisconnectAsync(
        OrganizationId id,
        string connectionId,
        string requestedBy,
        CancellationToken cancellationToken
    );

    /// <summary>
    /// Shuts the gate, revokes every account, destroys the keys, purges. Calling it again continues and answers how far
    /// it is.
    /// </summary>
    Task<Result<ErasureReceipt>> EraseAsync(OrganizationId id, string requestedBy, CancellationToken cancellationToken);
}
