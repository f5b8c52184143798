using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;
using Vault.Core.Identity;

namespace Vault.Core.Ledger;

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
            Details = tool.Effect is null ? null : ExecutionDetails(tool.Effect, request.Approval, result),
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

    /// <summary>An API key by its id, never its secret; a platform key stands in the platform's ledger.</summary>
    public static LedgerDraft ApiKey(
        IdFactory ids,
        DateTimeOffset at,
        string type,
        string caller,
        OrganizationId organization,
        LedgerApiKey key
    ) =>
        Of(ids, at, type, caller, organization) with
        {
            StatusReason = key.Reason,
            Details = JsonSerializer.SerializeToElement(
                new
                {
                    key_id = key.Id,
                    name = key.Name,
                    permissions = key.Permissions,
                    expires_at = key.ExpiresAt,
                    made_by = key.MadeBy,
                    constraints = key.Constraints,
                    successor = key.Successor,
                    revoked_with = key.RevokedWith,
                }
            ),
        };

    /// <summary>Refused executions of a key that were only counted.</summary>
    public static LedgerDraft Refusals(
        IdFactory ids,
        DateTimeOffset at,
        string caller,
        OrganizationId organization,
        DateTimeOffset since,
        IReadOnlyCollection<KeyValuePair<string, long>> counts
    ) =>
        Of(ids, at, LedgerEvents.ExecutionRefusals, caller, organization) with
        {
            Details = JsonSerializer.SerializeToElement(
                new { since, error_codes = counts.ToDictionary(c => c.Key, c => c.Value, StringComparer.Ordinal) }
            ),
        };

    /// <summary>An act on the platform.</summary>
    public static LedgerDraft Platform(IdFactory ids, DateTimeOffset at, string type, string caller, object details) =>
        Of(ids, at, type, caller, OrganizationId.Platform) with
        {
            Details = JsonSerializer.SerializeToElement(details),
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
        string argumentDigest,
        string approvalId,
        string requestedBy
    ) =>
        Of(ids, at, type, caller, organization) with
        {
            User = decidedBy,
            Tool = tool,
            Account = account.Value,
            ArgumentDigest = argumentDigest,
            Details = JsonSerializer.SerializeToElement(new { approval_id = approvalId, requested_by = requestedBy }),
        };

    private static JsonElement ExecutionDetails(string effect, LedgerApproval? approval, LedgerResult? result)
    {
        var echoed = result?.CredentialEchoed ?? false;
        return approval is not { } permit
            ? Effects[(effect, echoed)]
            : JsonSerializer.SerializeToElement(
                new
                {
                    effect,
                    credential_echoed = echoed,
                    approval_id = permit.Id,
                    approved_with = permit.With,
                    approved_by = permit.By,
                }
            );
    }

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
