using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;
using Vault.Core.Identity;

namespace Vault.Core.Ledger;

/// <summary>The caller of an act.</summary>
/// <param name="Id">The caller's key id, or <c>system</c>.</param>
public readonly record struct LedgerCaller(string Id, string? Agent, ImmutableArray<string> Delegation)
{
    public static implicit operator LedgerCaller(string id) => new(id, null, []);
}

/// <summary>The call that an entry belongs to.</summary>
/// <param name="ArgumentDigest">SHA-256 of the input, hexadecimal; the input itself is never stored.</param>
/// <param name="TraceParent">W3C trace context; the entry keeps its trace id.</param>
public readonly record struct LedgerRequest(
    string ExecutionId,
    string? AgentRunId,
    string ArgumentDigest,
    string? TraceParent
);

/// <summary>The account of an act, as far as it is known.</summary>
public readonly record struct LedgerAccount(
    OrganizationId Organization,
    UserId? User,
    AccountId? Id,
    ConnectionName? Connection,
    string? Provider
)
{
    public LedgerAccount(AccountKey key, AccountId id, string? provider)
        : this(
            (key ?? throw new ArgumentNullException(nameof(key))).Organization,
            key.User,
            id,
            key.Connection,
            provider
        ) { }
}

/// <summary>The tool that was called.</summary>
/// <param name="Effect">What it does upstream: <c>read</c>, <c>write</c> or <c>destructive</c>; null where the call was
/// refused before the account was found.</param>
public readonly record struct LedgerTool(string Name, string Version, string? Effect);

/// <summary>A setting that an act has changed, with its old and new value; null where it had or has none.</summary>
public readonly record struct LedgerChange(string Setting, object? Old, object? New);

/// <summary>How a call ended.</summary>
public readonly record struct LedgerResult(string Outcome, string? ErrorCode, string? StatusReason)
{
    public int? UpstreamStatus { get; init; }

    public TimeSpan? Total { get; init; }

    public TimeSpan? Upstream { get; init; }

    /// <summary>Whether a response of the provider repeated the credential.</summary>
    public bool CredentialEchoed { get; init; }
}

/// <summary>
/// Assembles every ledger entry, one method per kind of act. Callers pass facts; which field of an entry a fact becomes
/// is decided here and nowhere else, so entries of one kind always have the same fields. Each method takes a new event
/// id: an entry that is appended twice after a crash is recognised by it.
/// </summary>
public static class LedgerEntries
{
    // The ledger's readers and the OCSF export need the effect. It is no field of a draft, because only executions have
    // one.
    private static readonly FrozenDictionary<(string Effect, bool Echoed), JsonElement> Effects = new[]
    {
        "read",
        "write",
        "destructive",
    }
        .SelectMany(e =>
            new (string Effect, bool Echoed, object Details)[]
            {
                (e, false, new { effect = e }),
                (e, true, new { effect = e, credential_echoed = true }),
            }
        )
        .ToFrozenDictionary(e => (e.Effect, e.Echoed), e => JsonSerializer.SerializeToElement(e.Details));

    /// <param name="result">Null in the entry that is written before the call (law 7).</param>
    public static LedgerDraft Execution(
        IdFactory ids,
        DateTimeOffset at,
        string type,
        LedgerCaller caller,
        LedgerRequest request,
        LedgerAccount account,
        LedgerTool tool,
        ImmutableArray<string> scopesGranted,
        ImmutableArray<string> scopesUsed,
        LedgerResult? result
    ) =>
        Of(ids, at, type, caller, account) with
        {
            ExecutionId = request.ExecutionId,
            AgentRunId = request.AgentRunId,
            TraceId = request.TraceParent is { Length: >= 35 } trace ? trace.Substring(3, 32) : null,
            Tool = tool.Name,
            ToolVersion = tool.Version,
            ScopesGranted = scopesGranted,
            ScopesUsed = scopesUsed,
            ArgumentDigest = request.ArgumentDigest,
            Outcome = result?.Outcome,
            ErrorCode = result?.ErrorCode,
            StatusReason = result?.StatusReason,
            UpstreamStatus = result?.UpstreamStatus,
            TotalMs = result?.Total?.TotalMilliseconds,
            UpstreamMs = result?.Upstream?.TotalMilliseconds,
            Details = tool.Effect is null ? null : Effects[(tool.Effect, result?.CredentialEchoed ?? false)],
        };

    /// <summary>An account as a change has left it.</summary>
    public static LedgerDraft Account(
        IdFactory ids,
        DateTimeOffset at,
        string type,
        string caller,
        LedgerAccount account,
        ImmutableArray<string> scopesGranted,
        string status,
        string? statusReason
    ) =>
        Of(ids, at, type, caller, account) with
        {
            ScopesGranted = scopesGranted,
            Outcome = status,
            StatusReason = statusReason,
        };

    /// <summary>
    /// A caller requests a refresh. The refresh itself has an entry of its own, with the host for its caller.
    /// </summary>
    public static LedgerDraft RefreshRequested(
        IdFactory ids,
        DateTimeOffset at,
        string caller,
        LedgerAccount account
    ) => Of(ids, at, LedgerEvents.AccountRefreshAsked, caller, account);

    /// <summary>A consent under way; <paramref name="expectsIdentity"/> says that it admits one identity only.</summary>
    public static LedgerDraft Consent(
        IdFactory ids,
        DateTimeOffset at,
        string type,
        string caller,
        LedgerAccount account,
        string linkId,
        IReadOnlyList<string> scopes,
        bool expectsIdentity,
        string? agentName,
        string? errorCode,
        string? statusReason
    ) =>
        Of(ids, at, type, caller, account) with
        {
            ErrorCode = errorCode,
            StatusReason = statusReason,
            Details = JsonSerializer.SerializeToElement(
                new
                {
                    link_id = linkId,
                    scopes,
                    expected_identity = expectsIdentity,
                    agent_name = agentName,
                }
            ),
        };

    /// <summary>A connection; a client secret appears by its generation only.</summary>
    /// <param name="staged">The staged scope bundle as <c>version:percent</c>.</param>
    /// <param name="changes">Every setting that the act has changed.</param>
    public static LedgerDraft Connection(
        IdFactory ids,
        DateTimeOffset at,
        string type,
        string caller,
        LedgerAccount connection,
        string connectionId,
        string? clientId,
        IReadOnlyList<string> scopes,
        long scopesVersion,
        string? staged,
        IReadOnlyList<string> returnUrls,
        long secretGeneration,
        bool disabled,
        IReadOnlyList<LedgerChange> changes
    ) =>
        Of(ids, at, type, caller, connection) with
        {
            Details = JsonSerializer.SerializeToElement(
                new
                {
                    connection_id = connectionId,
                    client_id = clientId,
                    scopes,
                    scopes_version = scopesVersion,
                    staged,
                    return_urls = returnUrls,
                    secret_generation = secretGeneration,
                    disabled,
                    changes = changes.Select(c => new
                    {
                        setting = c.Setting,
                        old = c.Old,
                        @new = c.New,
                    }),
                }
            ),
        };

    /// <summary>A tool set is deleted, and with it the tools that a connection named.</summary>
    public static LedgerDraft ToolSetDeleted(
        IdFactory ids,
        DateTimeOffset at,
        string caller,
        LedgerAccount connection,
        string toolSet,
        string connectionId,
        IReadOnlyList<string> tools
    ) =>
        Of(ids, at, LedgerEvents.ToolSetDeleted, caller, connection) with
        {
            Details = JsonSerializer.SerializeToElement(
                new
                {
                    tool_set = toolSet,
                    connection_id = connectionId,
                    tools,
                }
            ),
        };

    /// <summary>A provider's pack leads to other addresses, for the connections of one organization.</summary>
    /// <param name="caller">The key that accepted the change.</param>
    /// <param name="storedBy">The key that stored it.</param>
    public static LedgerDraft OriginsChanged(
        IdFactory ids,
        DateTimeOffset at,
        string caller,
        LedgerAccount provider,
        string fromVersion,
        string toVersion,
        string storedBy,
        string change,
        IReadOnlyList<string> added,
        IReadOnlyList<string> removed,
        IReadOnlyList<string> connections,
        long accountsStopped
    ) =>
        Of(ids, at, LedgerEvents.ProviderOriginsChanged, caller, provider) with
        {
            Details = JsonSerializer.SerializeToElement(
                new
                {
                    from_version = fromVersion,
                    to_version = toVersion,
                    stored_by = storedBy,
                    change,
                    added,
                    removed,
                    connections,
                    accounts_stopped = accountsStopped,
                }
            ),
        };

    /// <summary>An organization as a change has left it.</summary>
    public static LedgerDraft Organization(
        IdFactory ids,
        DateTimeOffset at,
        string type,
        string caller,
        OrganizationId organization,
        string status
    ) => Of(ids, at, type, caller, organization) with { Outcome = status };

    /// <summary>A rotation of an organization's key; the count of rows once they are sealed again.</summary>
    public static LedgerDraft KeyRotation(
        IdFactory ids,
        DateTimeOffset at,
        string type,
        string caller,
        OrganizationId organization,
        uint keyVersion,
        long? resealedRows
    ) =>
        Of(ids, at, type, caller, organization) with
        {
            Details = resealedRows is { } rows
                ? JsonSerializer.SerializeToElement(new { key_version = keyVersion, resealed_rows = rows })
                : JsonSerializer.SerializeToElement(new { key_version = keyVersion }),
        };

    public static LedgerDraft KeyDestroyed(
        IdFactory ids,
        DateTimeOffset at,
        string caller,
        OrganizationId organization,
        uint keyVersion,
        DateTimeOffset retiredAt
    ) =>
        Of(ids, at, LedgerEvents.KeyDestroyed, caller, organization) with
        {
            Details = JsonSerializer.SerializeToElement(new { key_version = keyVersion, retired_at = retiredAt }),
        };

    /// <summary>An API key of an organization, by its id; never its secret.</summary>
    /// <param name="successor">The key that replaces it, when it is rotated.</param>
    public static LedgerDraft ApiKey(
        IdFactory ids,
        DateTimeOffset at,
        string type,
        string caller,
        OrganizationId organization,
        string keyId,
        string name,
        IReadOnlyList<string> permissions,
        DateTimeOffset? expiresAt,
        string? successor
    ) =>
        Of(ids, at, type, caller, organization) with
        {
            Details = JsonSerializer.SerializeToElement(
                new
                {
                    key_id = keyId,
                    name,
                    permissions,
                    expires_at = expiresAt,
                    successor,
                }
            ),
        };

    /// <summary>A person's decision on a destructive call.</summary>
    public static LedgerDraft Approval(
        IdFactory ids,
        DateTimeOffset at,
        string type,
        string caller,
        OrganizationId organization,
        string decidedBy,
        string tool,
        AccountId account,
        string argumentDigest
    ) =>
        Of(ids, at, type, caller, organization) with
        {
            User = decidedBy,
            Tool = tool,
            Account = account.Value,
            ArgumentDigest = argumentDigest,
        };

    private static LedgerDraft Of(
        IdFactory ids,
        DateTimeOffset at,
        string type,
        LedgerCaller caller,
        OrganizationId organization
    ) => Of(ids, at, type, caller, new LedgerAccount(organization, null, null, null, null));

    private static LedgerDraft Of(
        IdFactory ids,
        DateTimeOffset at,
        string type,
        LedgerCaller caller,
        LedgerAccount account
    )
    {
        ArgumentNullException.ThrowIfNull(ids);
        return new()
        {
            EventId = ids.NewEvent(),
            Organization = account.Organization,
            Type = type,
            Time = at,
            Caller = caller.Id,
            Agent = caller.Agent,
            Delegation = caller.Delegation,
            User = account.User?.Value,
            Account = account.Id?.Value,
            Connection = account.Connection?.Value,
            Provider = account.Provider,
        };
    }
}
