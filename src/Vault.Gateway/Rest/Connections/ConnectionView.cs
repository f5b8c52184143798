using Vault.Core.Connections;
using Vault.Core.Identity;

namespace Vault.Gateway.Rest.Connections;

/// <summary>A connection; of its secret only whether one is set.</summary>
internal sealed record ConnectionView(
    string Id,
    string OrganizationId,
    string Name,
    string Provider,
    string? ClientId,
    bool HasClientSecret,
    IReadOnlyList<string> Scopes,
    int ScopesVersion,
    string RedirectUri,
    IReadOnlyList<string> ReturnUrls,
    IReadOnlyDictionary<string, string> Parameters,
    IReadOnlyList<string>? Tools,
    bool AllowProxy,
    string ProxyEffect,
    int QuotaPerMinute,
    bool Disabled,
    string? AppName,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    long? AccountsStopped = null
)
{
    public static ConnectionView Of(ConnectionRow row, PublicAddress address)
    {
        var s = row.Settings;
        return new ConnectionView(
            row.Id,
            row.Organization.Value,
            row.Name.Value,
            row.Provider,
            s.ClientId,
            row.ClientSecret is not null,
            s.Scopes,
            s.ScopesVersion,
            s.RedirectUri ?? address.Callback,
            s.ReturnUrls,
            s.Parameters,
            s.Tools is { } tools ? tools : null,
            s.AllowProxy,
            s.ProxyEffect,
            s.QuotaPerMinute,
            s.Disabled,
            s.AppName,
            row.CreatedAt,
            row.UpdatedAt
        );
    }
}

internal sealed record RemovalView(string ConnectionId, long AccountsDisconnected);
