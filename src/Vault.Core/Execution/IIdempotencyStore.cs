using Vault.Core.Identity;

namespace Vault.Core.Execution;

public interface IIdempotencyStore
{
    /// <summary>
    /// Claims the key. Null: the key was free and this call has claimed it. Otherwise the existing entry, also while
    /// its request is under way. An expired entry counts as free.
    /// </summary>
    Task<IdempotentResponse?> ClaimAsync(
        OrganizationId? organization,
        IdempotentResponse claim,
        DateTimeOffset now,
        CancellationToken cancellationToken
    );

    Task CompleteAsync(OrganizationId? organization, IdempotentResponse answer, CancellationToken cancellationToken);

    /// <summary>Releases a claim whose request failed before it did anything.</summary>
    Task ReleaseAsync(OrganizationId? organization, string scope, string key, CancellationToken cancellationToken);

    Task<int> DeleteExpiredAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken);
}
