using Vault.Core.Errors;

namespace Vault.Core.Accounts;

/// <summary>The errors that an account's state causes.</summary>
public static class AccountErrors
{
    public static VaultError NotConnected() =>
        new(ErrorCatalogue.AccountNotConnected, "The user has no connected account here.");

    public static VaultError Suspended() =>
        new(ErrorCatalogue.OrganizationSuspended, "The organization is suspended; its accounts cannot be used.");

    /// <summary>
    /// Why an account cannot be used. Call it for an account that is not active or whose grant cannot be renewed now.
    /// </summary>
    public static VaultError ForStatus(AccountState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        var reason = state.Reason ?? StatusReason.CredentialExpired;
        return state.Status switch
        {
            AccountStatus.PendingAuth or AccountStatus.PendingVerification or AccountStatus.Disconnected =>
                new VaultError(ErrorCatalogue.AccountNotConnected, "The account is not connected: " + reason + ".")
                {
                    StatusReason = reason,
                },
            AccountStatus.Revoked => new VaultError(
                ErrorCatalogue.AuthRevoked,
                "The account was revoked: " + reason + "."
            )
            {
                StatusReason = reason,
            },
            AccountStatus.RequiresReauth
                when reason
                    is StatusReason.GrantRevoked
                        or StatusReason.UserRevoked
                        or StatusReason.PasswordChanged
                        or StatusReason.AdminPolicy
                        or StatusReason.IdleExpired
                        or StatusReason.AbsoluteExpired => new VaultError(
                ErrorCatalogue.AuthRevoked,
                "The provider no longer accepts the grant: " + reason + "."
            )
            {
                StatusReason = reason,
            },
            _ => new VaultError(ErrorCatalogue.ReauthRequired, "The account needs a new consent: " + reason + ".")
            {
                StatusReason = reason,
            },
        };
    }

    /// <summary>The stored credential does not belong to its row, or was altered.</summary>
    public static VaultError Unreadable() =>
        new(
            ErrorCatalogue.ReauthRequired,
            "The stored credential cannot be used: it does not belong to this account or was altered."
        )
        {
            StatusReason = Accounts.StatusReason.CredentialUnreadable,
        };

    /// <summary>The token endpoint failed recently and the access token has expired.</summary>
    public static VaultError CoolingDown(AccountState state, TimeSpan wait)
    {
        ArgumentNullException.ThrowIfNull(state);
        return state.Doubt is not null && state.LastFailure != StatusReason.ClientMisconfigured
                ? new VaultError(
                    ErrorCatalogue.UpstreamUnavailable,
                    "It is not known whether the provider took the last refresh ("
                        + (state.LastFailure ?? "no answer")
                        + "). The vault presents the refresh token once more when that can no longer harm the grant; "
                        + "a new consent restores the account at once."
                )
                {
                    RetryAfter = wait,
                    StatusReason = state.LastFailure,
                }
            : state.LastFailure == StatusReason.ClientMisconfigured
                ? new VaultError(
                    ErrorCatalogue.ClientMisconfigured,
                    "The provider refuses the connection's client; its settings must be corrected."
                )
                {
                    StatusReason = state.LastFailure,
                    RetryAfter = wait,
                }
            : new VaultError(
                ErrorCatalogue.UpstreamUnavailable,
                "The provider's token endpoint failed recently (" + (state.LastFailure ?? "no answer") + ")."
            )
            {
                RetryAfter = wait,
                StatusReason = state.LastFailure,
            };
    }

    /// <summary>The API keeps rejecting tokens that the token endpoint has just issued.</summary>
    public static VaultError FreshTokensRefused(TimeSpan wait) =>
        new(
            ErrorCatalogue.UpstreamUnavailable,
            "The provider's API rejects tokens that its token endpoint has just issued; the vault refreshes later."
        )
        {
            RetryAfter = wait,
        };

    /// <summary>The refreshes of the whole connection fail alike, and this one waits for its turn.</summary>
    public static VaultError InIncident(string failure, TimeSpan wait) =>
        new(
            ErrorCatalogue.UpstreamUnavailable,
            "The refreshes of this connection fail alike at the provider; the vault waits until it is over."
        )
        {
            RetryAfter = wait,
            StatusReason = failure,
        };

    public static VaultError InProgress(TimeSpan wait) =>
        new(ErrorCatalogue.RefreshInProgress, "Another attempt is refreshing the credential.") { RetryAfter = wait };
}
