using Vault.Core.Accounts;
using Vault.Core.Identity;

namespace Vault.Gateway.Rest.ConnectedAccounts;

internal sealed record IdentityView(string Subject, string? DisplayName, string? Email, string? Tenant);

/// <summary>An account without its credential; safe to show.</summary>
/// <param name="ScopesUnknown">It is unknown which scopes the credential has; the provider decides at each call.</param>
internal sealed record AccountView(
    string Id,
    string OrganizationId,
    string UserId,
    string Connection,
    string ConnectionId,
    string AccountLabel,
    string Provider,
    string Status,
    string? StatusReason,
    IReadOnlyList<string> GrantedScopes,
    bool ScopesUnknown,
    IReadOnlyList<string> RequestedScopes,
    IdentityView? Identity,
    string? MaskedSuffix,
    IReadOnlyDictionary<string, string> Parameters,
    DateTimeOffset? ExpiresAt,
    DateTimeOffset? LastRefreshedAt,
    DateTimeOffset? NextRefreshAt,
    DateTimeOffset? LastUsedAt,
    string? LastFailure,
    UpstreamRevocation Revocation,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt
)
{
    public static AccountView Of(AccountRow row)
    {
        var s = row.State;
        return new AccountView(
            row.Id.Value,
            row.Key.Organization.Value,
            row.Key.User.Value,
            row.Key.Connection.Value,
            row.ConnectionId,
            row.Key.Label,
            row.Provider,
            StatusWords.Of(s.ShownStatus),
            s.ShownReason,
            s.GrantedScopes,
            s.ScopesUnknown,
            s.RequestedScopes,
            s.Identity is { } who ? new IdentityView(who.Subject, who.DisplayName, who.Email, who.Tenant) : null,
            s.MaskedSuffix,
            s.Parameters,
            s.Grant?.AccessExpiresAt,
            s.LastRefreshedAt,
            row.DueAt,
            row.LastUsedAt,
            s.LastFailure,
            s.Revocation,
            row.CreatedAt,
            row.UpdatedAt
        );
    }
}

/// <summary>The wire names of the account statuses.</summary>
internal static class StatusWords
{
    public static IReadOnlyList<string> All { get; } = [.. Enum.GetValues<AccountStatus>().Select(Of)];

    public static string Of(AccountStatus status) =>
        status switch
        {
            AccountStatus.PendingAuth => "PENDING_AUTH",
            AccountStatus.PendingVerification => "PENDING_VERIFICATION",
            AccountStatus.Active => "ACTIVE",
            AccountStatus.Expired => "EXPIRED",
            AccountStatus.RequiresReauth => "REQUIRES_REAUTH",
            AccountStatus.Revoked => "REVOKED",
            AccountStatus.Disconnected => "DISCONNECTED",
            _ => throw new ArgumentOutOfRangeException(nameof(status)),
        };

    public static AccountStatus? Parse(string? word) =>
        word is null ? null : Enum.GetValues<AccountStatus>().First(s => Of(s) == word);
}

internal sealed record RefreshView(string ConnectedAccountId, string Status, bool Refreshed, DateTimeOffset? ExpiresAt);

/// <summary>What a revocation did in the vault and at the provider, and how long it took.</summary>
internal sealed record RevocationView(
    string ConnectedAccountId,
    DateTimeOffset LocalAt,
    UpstreamRevocation Provider,
    string? ProviderDetail,
    double ElapsedMs
)
{
    public static RevocationView Of(RevocationReceipt receipt) =>
        new(
            receipt.Account.Value,
            receipt.Local,
            receipt.Provider,
            receipt.ProviderDetail,
            receipt.Elapsed.TotalMilliseconds
        );
}
