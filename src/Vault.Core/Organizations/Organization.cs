using Vault.Core.Accounts;
using Vault.Core.Identity;
using Vault.Core.Ledger;

namespace Vault.Core.Organizations;

public enum OrganizationStatus
{
    Active,

    /// <summary>The gate is shut; nothing of the organization runs; it can be resumed.</summary>
    Suspended,

    /// <summary>An erasure is under way: a cascade revokes every account, then the keys are destroyed.</summary>
    Erasing,

    /// <summary>The keys are gone; only the ledger's chain of digests remains.</summary>
    Erased,
}

/// <summary>The organization's switch. <see cref="Epoch"/> goes up whenever it is opened or shut; a cached row is good only at the epoch it was read under.</summary>
public readonly record struct Gate(bool Open, long Epoch);

/// <summary>A job over all accounts of an organization that resumes after a crash from its cursor.</summary>
/// <param name="Kind"><c>erase</c> or <c>disconnect:{connectionId}</c>.</param>
/// <param name="Cursor">The last account id that is done; null at the start.</param>
public sealed record Cascade(string Kind, string? Cursor, long Done, DateTimeOffset StartedAt, string RequestedBy);

/// <summary>When an erasure was begun, and how many accounts it revoked.</summary>
public sealed record ErasureTally(DateTimeOffset StartedAt, long Accounts);

public sealed record OrganizationState
{
    public required OrganizationStatus Status { get; init; }

    public required Gate Gate { get; init; }

    public Cascade? Cascade { get; init; }

    /// <summary>What a finished erasure did, for whoever asks again because the answer was lost.</summary>
    public ErasureTally? Erasure { get; init; }

    /// <summary>What a destructive tool needs: <c>approve</c> (default), <c>allow</c> or <c>deny</c>.</summary>
    public string DestructivePolicy { get; init; } = "approve";

    /// <summary>Executions per user and minute; 0 means the host's default.</summary>
    public int UserQuotaPerMinute { get; init; }
}

public sealed record OrganizationRow(
    OrganizationId Id,
    string DisplayName,
    string? ExternalId,
    long Version,
    OrganizationState State,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt);

public interface IOrganizationStore
{
    Task<OrganizationRow?> FindAsync(OrganizationId id, CancellationToken cancellationToken);

    /// <summary><see cref="WriteOutcome.Stale"/> when the id or the external id is taken.</summary>
    Task<WriteOutcome> InsertAsync(OrganizationRow row, IReadOnlyList<LedgerDraft> drafts, CancellationToken cancellationToken);

    Task<WriteOutcome> UpdateAsync(OrganizationRow row, long expectedVersion, IReadOnlyList<LedgerDraft> drafts, CancellationToken cancellationToken);

    Task<Page<OrganizationRow>> ListAsync(string? externalId, int pageSize, string? cursor, CancellationToken cancellationToken);

    /// <summary>Organizations with an unfinished cascade; a host resumes them on start and from time to time.</summary>
    Task<IReadOnlyList<OrganizationId>> FindCascadesAsync(int limit, CancellationToken cancellationToken);

    /// <summary>Deletes what an erased organization leaves besides its ledger digests: accounts, connections, links, keys of callers, outputs. Idempotent, in bounded steps; true when nothing is left.</summary>
    Task<bool> PurgeAsync(OrganizationId id, int limit, CancellationToken cancellationToken);
}
