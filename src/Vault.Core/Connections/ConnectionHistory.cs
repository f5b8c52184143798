using System.Collections.Immutable;
using Vault.Core.Ledger;

namespace Vault.Core.Connections;

/// <summary>
/// The settings that a change of a connection has changed, each with its old and new value. Of the client secret only
/// whether one is set, and that it was replaced.
/// </summary>
internal static class ConnectionHistory
{
    /// <param name="before">Null when the connection is new: what differs from the defaults counts.</param>
    public static IReadOnlyList<LedgerChange> Changes(ConnectionRow? before, ConnectionRow after)
    {
        var (old, now) = (before?.Settings ?? new ConnectionSettings(), after.Settings);
        var changes = new List<LedgerChange>();
        Value("client_id", old.ClientId, now.ClientId);
        List("scopes", old.Scopes, now.Scopes);
        Value("scopes_version", old.ScopesVersion, now.ScopesVersion);
        List("scope_bundles", Bundles(old), Bundles(now));
        Value("redirect_uri", old.RedirectUri, now.RedirectUri);
        List("return_urls", old.ReturnUrls, now.ReturnUrls);
        foreach (var name in old.Parameters.Keys.Union(now.Parameters.Keys, StringComparer.Ordinal))
            Value("parameters." + name, old.Parameters.GetValueOrDefault(name), now.Parameters.GetValueOrDefault(name));
        if (old.Tools is null || now.Tools is null)
            Value("tools", (object?)old.Tools, now.Tools);
        else
            List("tools", old.Tools.Value, now.Tools.Value);
        Value("allow_proxy", old.AllowProxy, now.AllowProxy);
        Value("proxy_effect", old.ProxyEffect, now.ProxyEffect);
        Value("quota_per_minute", old.QuotaPerMinute, now.QuotaPerMinute);
        Value("disabled", old.Disabled, now.Disabled);
        Value("app_name", old.AppName, now.AppName);
        var (had, has) = (before?.ClientSecret is not null, after.ClientSecret is not null);
        if (had != has)
            changes.Add(new("client_secret", had ? "set" : null, has ? "set" : null));
        else if (has && before!.SecretGeneration != after.SecretGeneration)
            changes.Add(new("client_secret", "set", "changed"));
        return changes;

        void Value<T>(string setting, T? from, T? to)
        {
            if (!EqualityComparer<T>.Default.Equals(from, to))
                changes.Add(new(setting, from, to));
        }

        void List(string setting, ImmutableArray<string> from, ImmutableArray<string> to)
        {
            if (!from.SequenceEqual(to, StringComparer.Ordinal))
                changes.Add(new(setting, from, to));
        }
    }

    private static ImmutableArray<string> Bundles(ConnectionSettings settings) =>
        [.. settings.Bundles.Select(b => $"{b.Version}:{b.Stage}:{b.Percent}:{string.Join(' ', b.Scopes)}")];
}
