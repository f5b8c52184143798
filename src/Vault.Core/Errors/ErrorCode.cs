namespace Vault.Core.Errors;

/// <summary>
/// The kind of a failure. It is set once, where the failure enters; nothing inside parses messages (law 6).
/// </summary>
public enum ErrorKind
{
    /// <summary>The request is wrong; sending it again changes nothing.</summary>
    Request,

    /// <summary>The caller may not do this.</summary>
    Permission,

    /// <summary>A person must act: consent again, connect, approve.</summary>
    User,

    /// <summary>An administrator or operator must act.</summary>
    Admin,

    /// <summary>The failure is temporary; retry after the given time.</summary>
    Transient,

    /// <summary>The provider refused the request.</summary>
    Upstream,

    /// <summary>It is unknown whether the request took effect; read the state before acting again.</summary>
    Unknown,

    /// <summary>A bug in the vault.</summary>
    Internal,
}

/// <summary>One entry of the catalogue. <paramref name="Retry"/> is advice for an agent, in a sentence.</summary>
public sealed record ErrorCode(string Code, int Status, ErrorKind Kind, bool CanRetry, string Title, string Retry);

/// <summary>Every error the vault can return. A test compares docs/errors.md with it.</summary>
public static class ErrorCatalogue
{
    public static readonly ErrorCode InvalidRequest = new(
        "invalid_request",
        400,
        ErrorKind.Request,
        false,
        "The request is malformed",
        "Correct the named field and send again."
    );
    public static readonly ErrorCode Unauthenticated = new(
        "unauthenticated",
        401,
        ErrorKind.Permission,
        false,
        "No valid credential",
        "Send a valid key as 'Authorization: Bearer'."
    );
    public static readonly ErrorCode PermissionDenied = new(
        "permission_denied",
        403,
        ErrorKind.Permission,
        false,
        "The key lacks a permission",
        "Use a key that has the permission named."
    );
    public static readonly ErrorCode NotFound = new(
        "not_found",
        404,
        ErrorKind.Request,
        false,
        "There is no such thing here",
        "Check the id and the organization."
    );
    public static readonly ErrorCode Conflict = new(
        "conflict",
        409,
        ErrorKind.Request,
        false,
        "The state does not allow this",
        "Read the current state, then decide."
    );
    public static readonly ErrorCode TooLarge = new(
        "too_large",
        413,
        ErrorKind.Request,
        false,
        "The request is too large",
        "Send less."
    );
    public static readonly ErrorCode RateLimited = new(
        "rate_limited",
        429,
        ErrorKind.Transient,
        true,
        "Too many requests to the vault",
        "Wait for Retry-After."
    );

    public static readonly ErrorCode OrganizationUnknown = new(
        "organization_unknown",
        404,
        ErrorKind.Request,
        false,
        "The organization is not known",
        "Check organization_id."
    );
    public static readonly ErrorCode OrganizationSuspended = new(
        "organization_suspended",
        403,
        ErrorKind.Admin,
        false,
        "The organization is suspended",
        "Ask an administrator to resume it."
    );
    public static readonly ErrorCode ConnectionUnknown = new(
        "connection_unknown",
        404,
        ErrorKind.Request,
        false,
        "The connection is not known",
        "Create the connection or correct its name."
    );
    public static readonly ErrorCode ProviderUnknown = new(
        "provider_unknown",
        404,
        ErrorKind.Request,
        false,
        "The provider is not known",
        "List /v1/providers."
    );
    public static readonly ErrorCode PackInvalid = new(
        "pack_invalid",
        422,
        ErrorKind.Request,
        false,
        "The provider pack is invalid",
        "Correct the places named."
    );
    public static readonly ErrorCode CredentialInvalid = new(
        "credential_invalid",
        422,
        ErrorKind.User,
        false,
        "The credential cannot be used",
        "Supply a working credential."
    );
    public static readonly ErrorCode LinkInvalid = new(
        "link_invalid",
        410,
        ErrorKind.User,
        false,
        "The link is used up or has expired",
        "Ask for a new link."
    );
    public static readonly ErrorCode IdentityMismatch = new(
        "identity_mismatch",
        409,
        ErrorKind.User,
        false,
        "Another identity signed in than the one expected",
        "Sign in as the expected identity."
    );
    public static readonly ErrorCode AccountNotConnected = new(
        "account_not_connected",
        424,
        ErrorKind.User,
        false,
        "The user has not connected this account",
        "Send the user to reconnect_url, or create a link."
    );
    public static readonly ErrorCode AccountAmbiguous = new(
        "account_ambiguous",
        409,
        ErrorKind.Request,
        false,
        "More than one account fits",
        "Name one of the candidates as connected_account_id."
    );
    public static readonly ErrorCode AuthRevoked = new(
        "auth_revoked",
        424,
        ErrorKind.User,
        false,
        "The grant is gone",
        "Send the user to reconnect_url."
    );
    public static readonly ErrorCode ReauthRequired = new(
        "reauth_required",
        424,
        ErrorKind.User,
        false,
        "The account needs a new consent",
        "Send the user to reconnect_url."
    );
    public static readonly ErrorCode ClientMisconfigured = new(
        "client_misconfigured",
        424,
        ErrorKind.Admin,
        false,
        "The connection's client settings do not work",
        "Ask the administrator of the connection to correct its client settings."
    );
    public static readonly ErrorCode ScopeMissing = new(
        "scope_missing",
        403,
        ErrorKind.User,
        false,
        "The grant lacks a scope",
        "Ask the user to reconnect with missing_scopes."
    );
    public static readonly ErrorCode ToolUnknown = new(
        "tool_unknown",
        404,
        ErrorKind.Request,
        false,
        "The tool is not known",
        "Search /v1/tools."
    );
    public static readonly ErrorCode ToolInputInvalid = new(
        "tool_input_invalid",
        422,
        ErrorKind.Request,
        false,
        "The tool's input does not fit its schema",
        "Correct the paths in violations."
    );
    public static readonly ErrorCode DelegationMissing = new(
        "delegation_missing",
        403,
        ErrorKind.Permission,
        false,
        "The user has not delegated this to the agent",
        "Ask the user for a delegation."
    );
    public static readonly ErrorCode PolicyDenied = new(
        "policy_denied",
        403,
        ErrorKind.Permission,
        false,
        "Policy does not allow this",
        "Do not retry; ask an administrator."
    );
    public static readonly ErrorCode ApprovalRequired = new(
        "approval_required",
        403,
        ErrorKind.User,
        false,
        "A person must approve this first",
        "Ask for approval, then send it with the approval."
    );
    public static readonly ErrorCode RefreshInProgress = new(
        "refresh_in_progress",
        503,
        ErrorKind.Transient,
        true,
        "The credential is being refreshed",
        "Retry after retry_after_ms."
    );
    public static readonly ErrorCode UpstreamRateLimited = new(
        "upstream_rate_limited",
        429,
        ErrorKind.Transient,
        true,
        "The provider limits the rate",
        "Wait for retry_after_ms."
    );
    public static readonly ErrorCode UpstreamRejected = new(
        "upstream_rejected",
        422,
        ErrorKind.Upstream,
        false,
        "The provider refused the request",
        "Read upstream and change the input."
    );
    public static readonly ErrorCode UpstreamUnavailable = new(
        "upstream_unavailable",
        503,
        ErrorKind.Transient,
        true,
        "The provider is not available",
        "Retry later."
    );
    public static readonly ErrorCode UpstreamTimeout = new(
        "upstream_timeout",
        504,
        ErrorKind.Transient,
        true,
        "The provider did not respond in time",
        "Retry, with a longer timeout_ms if need be."
    );
    public static readonly ErrorCode OutcomeUnknown = new(
        "outcome_unknown",
        502,
        ErrorKind.Unknown,
        false,
        "It is not known whether the provider acted",
        "Read the provider's state before acting again."
    );
    public static readonly ErrorCode EgressDenied = new(
        "egress_denied",
        403,
        ErrorKind.Admin,
        false,
        "The address may not be called",
        "Ask the operator to allow the host."
    );
    public static readonly ErrorCode DestinationChanged = new(
        "destination_changed",
        403,
        ErrorKind.Admin,
        false,
        "The credential is not bound to this address",
        "Ask an administrator to restore the address, or connect again: the error names what to send."
    );
    public static readonly ErrorCode LedgerUnavailable = new(
        "ledger_unavailable",
        503,
        ErrorKind.Transient,
        true,
        "The ledger cannot be written, so nothing was done",
        "Retry later."
    );
    public static readonly ErrorCode StoreUnavailable = new(
        "store_unavailable",
        503,
        ErrorKind.Transient,
        true,
        "The database cannot be reached",
        "Retry later."
    );
    public static readonly ErrorCode ClusterUnavailable = new(
        "cluster_unavailable",
        503,
        ErrorKind.Transient,
        true,
        "No host of the cluster took the call, so nothing was done",
        "Retry after retry_after_ms."
    );
    public static readonly ErrorCode KeysUnavailable = new(
        "keys_unavailable",
        503,
        ErrorKind.Transient,
        true,
        "The key service cannot be reached",
        "Retry later."
    );
    public static readonly ErrorCode IdempotencyConflict = new(
        "idempotency_conflict",
        409,
        ErrorKind.Request,
        false,
        "The idempotency key was used for another request",
        "Use a new key for a new request."
    );
    public static readonly ErrorCode QuotaExceeded = new(
        "quota_exceeded",
        429,
        ErrorKind.Transient,
        true,
        "A quota is used up",
        "Wait for retry_after_ms."
    );
    public static readonly ErrorCode Internal = new(
        "internal",
        500,
        ErrorKind.Internal,
        false,
        "A fault in the vault",
        "Report request_id to the operator."
    );

    /// <summary>All errors, in the order above.</summary>
    public static IReadOnlyList<ErrorCode> All { get; } =
    [
        .. typeof(ErrorCatalogue)
            .GetFields(System.Reflection.BindingFlags.Public | System.Reflection.BindingFlags.Static)
            .Select(f => (ErrorCode)f.GetValue(null)!),
    ];
}
