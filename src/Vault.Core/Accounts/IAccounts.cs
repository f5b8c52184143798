using System.Collections.Immutable;
using System.Text.Json;
using Vault.Core.Errors;
using Vault.Core.Execution;
using Vault.Core.Identity;
using Vault.Core.Sealing;

namespace Vault.Core.Accounts;

/// <summary>Why a refresh is asked for.</summary>
public enum RefreshWhy
{
    /// <summary>The sweeper: the margin before expiry or a keep-alive is reached.</summary>
    Due,

    /// <summary>A caller needs a live access token.</summary>
    Needed,

    /// <summary>The API refused the access token of the seen generation.</summary>
    Rejected,

    /// <summary>An operator asked for it.</summary>
    Asked,
}

/// <summary>What a refresh came to.</summary>
/// <param name="Status">The account's status afterwards.</param>
/// <param name="Generation">The generation in hand afterwards.</param>
/// <param name="Refreshed">Whether this call made a new generation; false when somebody else already had.</param>
/// <param name="Wait">Until the vault asks the provider again, where it holds back for now and the token in hand lives on.</param>
public sealed record RefreshAnswer(AccountStatus Status, long Generation, bool Refreshed, DateTimeOffset? AccessExpiresAt, TimeSpan? Wait = null);

/// <summary>The receipt of a revocation: what happened here and at the provider.</summary>
/// <param name="Local">When no host will use the credential again.</param>
/// <param name="Provider">Confirmed, refused, no endpoint, or still pending (it is retried).</param>
/// <param name="Elapsed">From the request to the acknowledgement.</param>
public sealed record RevocationReceipt(AccountId Account, DateTimeOffset Local, UpstreamRevocation Provider, string? ProviderDetail, TimeSpan Elapsed);

/// <summary>A new grant or own credential for an account, already sealed, to be installed by whoever owns the account.</summary>
public sealed record GrantInstallation
{
    public required AccountId Account { get; init; }

    public required string ConnectionId { get; init; }

    public required string Provider { get; init; }

    /// <summary>The generation <see cref="Grant"/> is sealed under; the installer asked for it before sealing. A row that has moved on meanwhile refuses it, and the installer seals again.</summary>
    public required long Generation { get; init; }

    public SealedBlob? Grant { get; init; }

    public GrantFacts? Facts { get; init; }

    public SealedBlob? Credential { get; init; }

    public long CredentialGeneration { get; init; }

    /// <summary>Access tokens are minted on demand from the credential or the connection's client; <see cref="Grant"/> may be null then.</summary>
    public bool Mints { get; init; }

    public ImmutableArray<string> RequestedScopes { get; init; } = [];

    public ImmutableArray<string> GrantedScopes { get; init; } = [];

    public ProviderIdentity? Identity { get; init; }

    public ImmutableSortedDictionary<string, string> Parameters { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    public string? MaskedSuffix { get; init; }

    /// <summary>Who did it, for the ledger.</summary>
    public required string InstalledBy { get; init; }

    public string Source { get; init; } = "consent";

    /// <summary>The link of the consent that gave it; null for what was brought.</summary>
    public string? Link { get; init; }

    /// <summary>It replaces what a living account has: one that was withdrawn meanwhile stays withdrawn.</summary>
    public bool Replaces { get; init; }
}

/// <summary>An execution, checked by the gateway as far as the request alone allows, on its way to the account's owner.</summary>
public sealed record ExecutionOrder
{
    public required string ExecutionId { get; init; }

    public required AccountId Account { get; init; }

    public required string Tool { get; init; }

    /// <summary>The pack version the tool was found in; the owner refuses another rather than run what was not checked.</summary>
    public required string PackVersion { get; init; }

    public required JsonElement Input { get; init; }

    public string? PageToken { get; init; }

    /// <summary>The provider's whole answer instead of the tool's data.</summary>
    public bool Raw { get; init; }

    public required string CallerKey { get; init; }

    public string? Agent { get; init; }

    public ImmutableArray<string> Delegation { get; init; } = [];

    public string? AgentRunId { get; init; }

    public string? ApprovalId { get; init; }

    public required DateTimeOffset ReceivedAt { get; init; }

    public required DateTimeOffset Deadline { get; init; }

    public string? TraceParent { get; init; }
}

/// <summary>
/// The door to accounts that a host supplies: a keyed gate in one process, or a grain per account. Everything behind it runs on the host that owns the
/// account; no credential crosses it. The store judges either way (law 3).
/// </summary>
public interface IAccounts
{
    Task<ExecutionAnswer> ExecuteAsync(AccountKey key, ExecutionOrder order, CancellationToken cancellationToken);

    Task<Result<RefreshAnswer>> RefreshAsync(AccountKey key, long? seenGeneration, RefreshWhy why, CancellationToken cancellationToken);

    /// <summary>Acknowledges when no host will use the credential again (law 8).</summary>
    Task<Result<RevocationReceipt>> RevokeAsync(AccountKey key, string requestedBy, string reason, CancellationToken cancellationToken);

    /// <summary>Makes the row in PENDING_AUTH if there is none; answers the row either way (reconnect keeps the id).</summary>
    Task<Result<AccountRow>> PrepareAsync(AccountKey key, string connectionId, string provider, ImmutableArray<string> requestedScopes, string requestedBy, CancellationToken cancellationToken);

    /// <summary>Installs a grant or credential; ACTIVE afterwards. A conflict error means: read the row and seal for its next generation again.</summary>
    Task<Result<AccountRow>> InstallAsync(AccountKey key, GrantInstallation installation, CancellationToken cancellationToken);

    /// <summary>Which account a request means: by id, by connection, or the only one of the provider; several are an <c>account_ambiguous</c> with candidates, never a guess.</summary>
    Task<Result<AccountPointer>> ResolveAsync(AccountQuestion question, CancellationToken cancellationToken);
}

/// <summary>An account that was found: where it lives and its id.</summary>
public sealed record AccountPointer(AccountKey Key, AccountId Id);

/// <summary>What a request says about the account it means.</summary>
public sealed record AccountQuestion(OrganizationId Organization, UserId? User, string Provider, ConnectionName? Connection, AccountId? Account, string? Label)
{
    /// <summary>Other providers whose accounts serve as well; an account of each makes the request ambiguous like two of one.</summary>
    public ImmutableArray<string> Also { get; init; } = [];
}
