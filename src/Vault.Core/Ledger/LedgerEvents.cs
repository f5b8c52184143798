namespace Vault.Core.Ledger;

/// <summary>The types of events. A new event gets a new name here; a name never changes its meaning.</summary>
public static class LedgerEvents
{
    public const string ExecutionStarted = "execution.started";
    public const string ExecutionFinished = "execution.finished";
    public const string ExecutionRefused = "execution.refused";
    public const string AccountLinkCreated = "account.link_created";
    public const string AccountConnectFailed = "account.connect_failed";
    public const string AccountConnected = "account.connected";
    public const string AccountReconnected = "account.reconnected";

    /// <summary>A caller requested a refresh. The refresh has an entry of its own, whose caller is the host.</summary>
    public const string AccountRefreshAsked = "account.refresh_asked";
    public const string AccountRefreshed = "account.refreshed";
    public const string AccountRefreshFailed = "account.refresh_failed";

    /// <summary>The provider may have consumed the refresh token, and its response is lost.</summary>
    public const string AccountRefreshOutcomeUnknown = "account.refresh_outcome_unknown";

    /// <summary>
    /// A refresh token whose use is in doubt is about to be presented once more; the result has an entry of its own.
    /// </summary>
    public const string AccountPresentedAgain = "account.presented_again";
    public const string AccountRevoked = "account.revoked";
    public const string AccountDisconnected = "account.disconnected";
    public const string AccountDeleted = "account.deleted";
    public const string AccountStatusChanged = "account.status_changed";
    public const string CredentialRead = "account.credential_read";
    public const string ConnectionCreated = "connection.created";
    public const string ConnectionChanged = "connection.changed";
    public const string ConnectionDeleted = "connection.deleted";

    /// <summary>
    /// A tool set of the platform was deleted. The entry is in the platform's ledger, and in that of each organization
    /// with a connection that named its tools.
    /// </summary>
    public const string ToolSetDeleted = "tool_set.deleted";

    /// <summary>
    /// The provider's pack leads to other addresses. The entry is in the ledger of each organization with a connection
    /// of the provider.
    /// </summary>
    public const string ProviderOriginsChanged = "provider.origins_changed";
    public const string OrganizationCreated = "organization.created";
    public const string OrganizationChanged = "organization.changed";
    public const string OrganizationSuspended = "organization.suspended";
    public const string OrganizationResumed = "organization.resumed";
    public const string OrganizationErased = "organization.erased";

    /// <summary>
    /// A rotation was requested and its journal is written. From here on a host completes it, also after a crash.
    /// </summary>
    public const string KeyRotationBegun = "organization.key_rotation_begun";

    /// <summary>No row is sealed under an older version of the key; the older versions are retired.</summary>
    public const string KeyRotated = "organization.key_rotated";
    public const string KeyDestroyed = "organization.key_destroyed";
    public const string ApprovalApproved = "approval.approved";
    public const string ApprovalDenied = "approval.denied";
    public const string ApiKeyCreated = "api_key.created";

    /// <summary>The key expires at the time in the details; its successor has an entry of its own.</summary>
    public const string ApiKeyRotated = "api_key.rotated";
    public const string ApiKeyRevoked = "api_key.revoked";

    /// <summary>Refused executions of one key and minute that have no entry of their own, by error code.</summary>
    public const string ExecutionRefusals = "execution.refusals";

    // Of the platform's ledger.
    public const string PackStored = "pack.stored";
    public const string ToolSetStored = "tool_set.stored";
    public const string HostStarted = "host.started";
    public const string OperatorCommand = "operator.command";

    /// <summary>Failed authentications of one network since the last entry.</summary>
    public const string AuthenticationFailed = "authentication.failed";
}
