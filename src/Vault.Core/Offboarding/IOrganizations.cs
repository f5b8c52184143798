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

/// <summary>The port to organizations; a host supplies the implementation.</summary>
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

    /// <summary>Closes the gate. Returns when nothing runs for the organization on any host (law 8).</summary>
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
    /// Creates a new data key and returns its version. The rows are re-sealed in the background by a resumable job;
    /// <see cref="Keys.IKeyRotationStore"/> has its progress.
    /// </summary>
    Task<Result<uint>> RotateKeyAsync(OrganizationId id, string requestedBy, CancellationToken cancellationToken);

    /// <summary>
    /// Disconnects every account of a removed connection by a resumable job. Returns their number when no host uses
    /// them any more.
    /// </summary>
    Task<Result<long>> DisconnectAsync(
        OrganizationId id,
        string connectionId,
        string requestedBy,
        CancellationToken cancellationToken
    );

    /// <summary>
    /// Closes the gate, revokes every account, destroys the keys, and purges the rows. A repeated call continues and
    /// returns the progress.
    /// </summary>
    Task<Result<ErasureReceipt>> EraseAsync(OrganizationId id, string requestedBy, CancellationToken cancellationToken);
}
