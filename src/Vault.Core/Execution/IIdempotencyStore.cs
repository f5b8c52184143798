using Vault.Core.Identity;

namespace Vault.Core.Execution;

public interface IIdempotencyStore
{
    /// <summary>
    /// Claims the key: null when it was free and is now ours, else what is there (also when it is still under way). An
    /// entry past its end counts as free.
    /// </summary>
    Task<IdempotentResponse?> ClaimAsync(
        OrganizationId? organization,
        IdempotentResponse claim,
        DateTimeOffset now,
        CancellationToken cancellationToken
    );

    Task CompleteAsync(OrganizationId? organization, IdempotentResponse answer, CancellationToken cancellationToken);

    /// <summary>Gives a claim back when the request failed before it did anything.</summary>
    Task ReleaseAsync(OrganizationId? organization, string scope, string key, CancellationToken cancellationToken);

    Task<int> DeleteExpiredAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken);
}
