using System.Collections.Immutable;
using Vault.Core.Connections;
using Vault.Core.Sealing;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Connections;

/// <summary>The fields that create and change a connection.</summary>
internal static class ConnectionFields
{
    public static IReadOnlyList<Field> Settings { get; } =
    [
        Field.Text("client_id", "The OAuth client's id at the provider.") with
        {
            MaxLength = 512,
        },
        Field.Text("client_secret", "The OAuth client's secret; write-only.") with
        {
            MaxLength = 8192,
            WriteOnly = true,
        },
        Field.Texts(
            "scopes",
            "Scopes that a consent requests. Default: the minimum that the connection's tools need, without risky "
                + "ones (GET .../scope_bundles)."
        ) with
        {
            MaxLength = 256,
        },
        Field.Text(
            "redirect_uri",
            "The exact redirect URI registered at the provider: https, any host that leads to the vault, path "
                + "/oauth/callback. Links are opened at that host. Default: the vault's own callback."
        ) with
        {
            MaxLength = WebAddress.MaxLength,
        },
        Field.Texts(
            "return_urls",
            "URLs that a link may return to, compared exactly up to the query. Default: none."
        ) with
        {
            MaxLength = WebAddress.MaxLength,
        },
        Field.Map(
            "parameters",
            "The provider's parameters for this connection (GET /v1/providers/{provider} lists them)."
        ),
        Field.Texts("tools", "Names of the tools this connection offers. Default: all; an empty list: none.") with
        {
            MaxLength = 64,
        },
        Field.Flag("allow_proxy", "Whether raw calls are allowed."),
        Field.Text(
            "proxy_effect",
            "What raw calls other than GET and HEAD count as: destructive (default), which needs an approval, or "
                + "write. DELETE and calls that override their method are always destructive."
        ) with
        {
            Values = [ConnectionSettings.ProxyDestroys, ConnectionSettings.ProxyWrites],
        },
        Field.Number("quota_per_minute", "Executions per minute; 0 means the default.", 0, 10_000_000),
        Field.Text("app_name", "The application's name on the connect page.") with
        {
            MaxLength = 100,
        },
        Field.Flag("disabled", "A disabled connection rejects new links and executions."),
    ];

    /// <summary>The fields that bound the organization itself (<see cref="PolicyCheck"/>).</summary>
    public static string[] Policy { get; } = ["quota_per_minute", "proxy_effect"];

    /// <summary>Applies a body to settings; an absent field keeps its value, null resets it to the default.</summary>
    public static ConnectionSettings Apply(Body body, ConnectionSettings settings)
    {
        var fresh = new ConnectionSettings();
        return settings with
        {
            ClientId = body.IsNull("client_id") ? null : body.Text("client_id") ?? settings.ClientId,
            Scopes = body.IsNull("scopes") ? [] : body.Texts("scopes") ?? settings.Scopes,
            RedirectUri = body.IsNull("redirect_uri") ? null : body.Text("redirect_uri") ?? settings.RedirectUri,
            ReturnUrls = body.IsNull("return_urls") ? [] : body.Texts("return_urls") ?? settings.ReturnUrls,
            Parameters = body.IsNull("parameters") ? fresh.Parameters : body.Map("parameters") ?? settings.Parameters,
            Tools = body.IsNull("tools") ? null : body.Texts("tools") ?? settings.Tools,
            AllowProxy = !body.IsNull("allow_proxy") && (body.Flag("allow_proxy") ?? settings.AllowProxy),
            ProxyEffect = body.IsNull("proxy_effect")
                ? fresh.ProxyEffect
                : body.Text("proxy_effect") ?? settings.ProxyEffect,
            QuotaPerMinute = body.IsNull("quota_per_minute")
                ? 0
                : (int)(body.Number("quota_per_minute") ?? settings.QuotaPerMinute),
            AppName = body.IsNull("app_name") ? null : body.Text("app_name") ?? settings.AppName,
            Disabled = !body.IsNull("disabled") && (body.Flag("disabled") ?? settings.Disabled),
        };
    }

    public static Secret? SecretOf(Body body) =>
        body.Text("client_secret") is { Length: > 0 } text ? Secret.From(text) : null;
}
