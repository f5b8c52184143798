namespace Vault.Core.Accounts;

/// <summary>What a connected account can do now. Every status but <see cref="Active"/> carries a reason.</summary>
public enum AccountStatus
{
    /// <summary>A link was created; the user has not consented yet.</summary>
    PendingAuth,

    /// <summary>A credential is stored and waits for its verification call.</summary>
    PendingVerification,

    Active,

    /// <summary>The credential has expired and cannot be renewed.</summary>
    Expired,

    /// <summary>The grant is dead or lost; a new consent restores the account.</summary>
    RequiresReauth,

    /// <summary>Revoked here; never used again.</summary>
    Revoked,

    /// <summary>The connection was removed and the credential wiped.</summary>
    Disconnected,
}

/// <summary>Why an account is not active: fixed codes that an agent can act on (law 6).</summary>
public static class StatusReason
{
    public const string AwaitingConsent = "awaiting_consent";

    /// <summary>
    /// A host stopped after it sent the authorization code and before it stored the grant, so it is unknown whether the
    /// provider issued one. Another consent restores the account.
    /// </summary>
    public const string ConsentInterrupted = "consent_interrupted";
    public const string AwaitingVerification = "awaiting_verification";
    public const string VerificationFailed = "verification_failed";
    public const string CredentialExpired = "credential_expired";

    /// <summary>The provider reports that the grant is dead and gives no reason.</summary>
    public const string GrantRevoked = "grant_revoked";
    public const string UserRevoked = "user_revoked";
    public const string PasswordChanged = "password_changed";
    public const string AdminPolicy = "admin_policy";
    public const string IdleExpired = "idle_expired";
    public const string AbsoluteExpired = "absolute_expired";
    public const string ConsentRequired = "consent_required";
    public const string InteractionRequired = "interaction_required";

    /// <summary>
    /// A refresh was sent and its response was lost, and the provider does not accept the token a second time.
    /// </summary>
    public const string RefreshOutcomeLost = "refresh_outcome_lost";

    /// <summary>
    /// The provider has refused every refresh for a day, without a reason that it is known for. Another consent
    /// restores
    /// the account.
    /// </summary>
    public const string RefusedRepeatedly = "refused_repeatedly";

    /// <summary>The provider refuses our client (secret, redirect URI); another consent does not help.</summary>
    public const string ClientMisconfigured = "client_misconfigured";

    /// <summary>The stored ciphertext does not open in its place: somebody altered or swapped it in the
    /// database.</summary>
    public const string CredentialUnreadable = "credential_unreadable";
    public const string RevokedByRequest = "revoked_by_request";
    public const string OrganizationErased = "organization_erased";
    public const string ConnectionDeleted = "connection_deleted";

    public static IReadOnlyList<string> All { get; } =
    [.. typeof(StatusReason).GetFields().Where(f => f.IsLiteral).Select(f => (string)f.GetRawConstantValue()!)];
}
