using System.Collections.Immutable;
using Vault.Core.Accounts;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Scopes;
using Vault.Core.Sealing;

namespace Vault.Core.Connecting;

/// <summary>One configured use of a provider in an organization: OAuth client, scopes, redirect host.</summary>
/// <param name="Id"><c>conn_…</c></param>
/// <param name="ClientSecret">Sealed in the place <see cref="SealContext.ClientSecret"/>; write-only.</param>
/// <param name="SecretGeneration">Counts the client secrets this connection has had.</param>
public sealed record ConnectionRow(
    string Id,
    OrganizationId Organization,
    ConnectionName Name,
    string Provider,
    long Version,
    ConnectionSettings Settings,
    SealedBlob? ClientSecret,
    long SecretGeneration,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt);

/// <summary>What an operator sets; nothing in it is secret.</summary>
public sealed record ConnectionSettings
{
    public string? ClientId { get; init; }

    /// <summary>Scopes asked for at consent when a link names none; where empty, the least that the connection's tools need (<see cref="ScopePlan"/>).</summary>
    public ImmutableArray<string> Scopes { get; init; } = [];

    /// <summary>Goes up when <see cref="Scopes"/> changes.</summary>
    public int ScopesVersion { get; init; } = 1;

    /// <summary>Versions of the scopes: prepared, staged, active and former ones, oldest first.</summary>
    public ImmutableArray<ScopeBundle> Bundles { get; init; } = [];

    /// <summary>The exact redirect URI registered at the provider; null means the vault's own <c>{public_url}/oauth/callback</c>.</summary>
    public string? RedirectUri { get; init; }

    /// <summary>URLs a link may return to, compared exactly up to the query; empty allows none (law 9).</summary>
    public ImmutableArray<string> ReturnUrls { get; init; } = [];

    /// <summary>Tenant parameters of the pack (for example <c>hostname</c>), validated against the pack's pattern.</summary>
    public ImmutableSortedDictionary<string, string> Parameters { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Tool names this connection offers; null means all of the provider, empty means none.</summary>
    public ImmutableArray<string>? Tools { get; init; }

    /// <summary>Whether <c>POST /v1/proxy</c> may be used.</summary>
    public bool AllowProxy { get; init; }

    /// <summary>Executions per connection and minute; 0 means the host's default.</summary>
    public int QuotaPerMinute { get; init; }

    public bool Disabled { get; init; }

    /// <summary>The name of the application shown on the connect page.</summary>
    public string? AppName { get; init; }
}

/// <summary>A connection by its id, with the organization it belongs to.</summary>
public readonly record struct ConnectionId(OrganizationId Organization, string Id);

public interface IConnectionStore
{
    Task<ConnectionRow?> FindAsync(OrganizationId organization, ConnectionName name, CancellationToken cancellationToken);

    Task<ConnectionRow?> FindAsync(OrganizationId organization, string id, CancellationToken cancellationToken);

    Task<WriteOutcome> InsertAsync(ConnectionRow row, GateCheck gate, IReadOnlyList<LedgerDraft> drafts, CancellationToken cancellationToken);

    Task<WriteOutcome> UpdateAsync(ConnectionRow row, long expectedVersion, IReadOnlyList<LedgerDraft> drafts, CancellationToken cancellationToken);

    Task<WriteOutcome> DeleteAsync(OrganizationId organization, string id, long expectedVersion, IReadOnlyList<LedgerDraft> drafts, CancellationToken cancellationToken);

    Task<Page<ConnectionRow>> ListAsync(OrganizationId organization, string? provider, int pageSize, string? cursor, CancellationToken cancellationToken);

    /// <summary>Connections of any organization whose settings name one of these tools, in order of their ids: for what the platform takes away from all. Only ids.</summary>
    /// <param name="tools">Names of tools.</param>
    /// <param name="after">Only ids above this one; empty for all.</param>
    Task<IReadOnlyList<ConnectionId>> FindNamingAsync(IReadOnlyCollection<string> tools, string after, int limit, CancellationToken cancellationToken);
}
