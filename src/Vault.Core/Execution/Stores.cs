using Vault.Core.Accounts;
using Vault.Core.Identity;
using Vault.Core.Sealing;

namespace Vault.Core.Execution;

/// <summary>An answer that a repeated <c>Idempotency-Key</c> gets back.</summary>
/// <param name="Scope">The organization's id, or <c>platform</c>, and the caller's key id: two callers never share a key.</param>
/// <param name="RequestDigest">SHA-256 of method, path and body.</param>
/// <param name="Status">HTTP status of the kept answer; null while the first request is under way.</param>
/// <param name="Body">The kept answer; of an organization sealed in the place <see cref="SealContext.IdempotentAnswer"/>.</param>
public sealed record IdempotentAnswer(string Scope, string Key, string RequestDigest, int? Status, string? ContentType, SealedBlob? Body, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt);

public interface IIdempotencyStore
{
    /// <summary>Claims the key: null when it was free and is now ours, else what is there (also when it is still under way). An entry past its end counts as free.</summary>
    Task<IdempotentAnswer?> ClaimAsync(OrganizationId? organization, IdempotentAnswer claim, DateTimeOffset now, CancellationToken cancellationToken);

    Task CompleteAsync(OrganizationId? organization, IdempotentAnswer answer, CancellationToken cancellationToken);

    /// <summary>Gives a claim back when the request failed before it did anything.</summary>
    Task ReleaseAsync(OrganizationId? organization, string scope, string key, CancellationToken cancellationToken);

    Task<int> DeleteExpiredAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken);
}

/// <summary>The whole of an output that was cut, readable through its handle for a while.</summary>
/// <param name="Body">Sealed in the place <see cref="SealContext.Output"/>.</param>
public sealed record StoredOutput(OrganizationId Organization, string ExecutionId, string ContentType, long Length, SealedBlob Body, DateTimeOffset ExpiresAt);

public interface IOutputStore
{
    Task PutAsync(StoredOutput output, CancellationToken cancellationToken);

    Task<StoredOutput?> FindAsync(OrganizationId organization, string executionId, DateTimeOffset now, CancellationToken cancellationToken);

    Task<int> DeleteExpiredAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken);
}

public enum ApprovalStatus
{
    Pending,
    Approved,
    Denied,

    /// <summary>Spent by an execution; an approval is good for exactly one.</summary>
    Used,
}

/// <summary>A person's word on one destructive execution. It is bound to the tool, the account and the digest of the input: it fits nothing else.</summary>
public sealed record ApprovalRow(
    string Id,
    OrganizationId Organization,
    AccountId Account,
    string Tool,
    string InputDigest,
    string RequestedBy,
    ApprovalStatus Status,
    string? DecidedBy,
    long Version,
    DateTimeOffset CreatedAt,
    DateTimeOffset ExpiresAt);

public interface IApprovalStore
{
    Task<ApprovalRow?> FindAsync(OrganizationId organization, string id, CancellationToken cancellationToken);

    Task<WriteOutcome> InsertAsync(ApprovalRow row, CancellationToken cancellationToken);

    Task<WriteOutcome> UpdateAsync(ApprovalRow row, long expectedVersion, CancellationToken cancellationToken);

    Task<Page<ApprovalRow>> ListAsync(OrganizationId organization, ApprovalStatus? status, int pageSize, string? cursor, CancellationToken cancellationToken);
}
