using Vault.Core.Execution;
using Vault.Core.Identity;

namespace Vault.TestKit.Memory;

public sealed class MemoryIdempotencyStore(MemoryStore store) : IIdempotencyStore
{
    internal Dictionary<
        (OrganizationId?, string Scope, string Key),
        (OrganizationId? Organization, IdempotentResponse Answer)
    > Rows { get; } = [];

    public Task<IdempotentResponse?> ClaimAsync(
        OrganizationId? organization,
        IdempotentResponse claim,
        DateTimeOffset now,
        CancellationToken cancellationToken
    ) =>
        store.RunAsync(
            "idempotency.claim",
            () =>
            {
                var key = (organization, claim.Scope, claim.Key);
                if (Rows.TryGetValue(key, out var stored) && stored.Answer.ExpiresAt > now)
                    return stored.Answer;
                Rows[key] = (organization, claim);
                return null;
            },
            cancellationToken
        );

    public Task CompleteAsync(
        OrganizationId? organization,
        IdempotentResponse answer,
        CancellationToken cancellationToken
    ) =>
        store.RunAsync(
            "idempotency.complete",
            () =>
            {
                var key = (organization, answer.Scope, answer.Key);
                if (
                    Rows.TryGetValue(key, out var stored)
                    && stored.Answer.RequestDigest == answer.RequestDigest
                    && stored.Answer.CreatedAt == answer.CreatedAt
                )
                    Rows[key] = (organization, answer);
                return true;
            },
            cancellationToken
        );

    public Task ReleaseAsync(
        OrganizationId? organization,
        string scope,
        string key,
        CancellationToken cancellationToken
    ) =>
        store.RunAsync(
            "idempotency.release",
            () =>
                Rows.TryGetValue((organization, scope, key), out var stored)
                && stored.Answer.Status is null
                && Rows.Remove((organization, scope, key)),
            cancellationToken
        );

    public Task<int> DeleteExpiredAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken) =>
        store.RunAsync(
            "idempotency.delete_expired",
            () =>
            {
                var expired = Rows.Where(r => r.Value.Answer.ExpiresAt < before)
                    .Select(r => r.Key)
                    .Take(limit)
                    .ToList();
                foreach (var key in expired)
                    Rows.Remove(key);
                return expired.Count;
            },
            cancellationToken
        );
}
