using Vault.Core.Sealing;
using Vault.Host.Options;

namespace Vault.Host.Commands;

/// <summary>What the host prints after it has started.</summary>
public static class StartupBanner
{
    public static void Write(TextWriter to, VaultOptions options, string url, Secret? firstKey)
    {
        ArgumentNullException.ThrowIfNull(to);
        ArgumentNullException.ThrowIfNull(options);
        to.WriteLine();
        to.WriteLine(
            $"Vault.Orleans listens on {url}   "
                + $"({(options.Postgres ? "PostgreSQL" : "SQLite in " + options.Data)}, "
                + $"{(options.Development ? "development" : "production")})"
        );
        to.WriteLine($"API and docs: {url}/docs   health: {url}/health/ready   metrics: {url}/metrics");
        if (firstKey is not null)
            WriteKey(to, options, url, firstKey);

        // Printed last: a script that waits for this line has already read the key.
        var silo = options.Silo;
        to.WriteLine(
            options.Postgres
                ? $"Silo {silo.Address}:{silo.Port} of cluster '{silo.Cluster}' ({silo.RoleName}, "
                    + $"{(silo.Tls ? "mutual TLS" : "no TLS")})"
                : "Silo without a cluster port"
        );
    }

    private static void WriteKey(TextWriter to, VaultOptions options, string url, Secret firstKey)
    {
        // The only place that shows the key; it is not logged, and the store holds only its digest.
        to.WriteLine();
        to.WriteLine("The administrator's key, shown only once:");
        to.WriteLine("  " + firstKey.RevealText());
        to.WriteLine();
        to.WriteLine(options.Development ? "Next, in another terminal:" : "Next:");
        to.WriteLine(
            options.Development
                ? $"  VAULT_URL={url} VAULT_ADMIN_KEY={firstKey.RevealText()} ./scripts/demo"
                : $"  curl -sS -H 'Authorization: Bearer {firstKey.RevealText()}' -H 'Content-Type: "
                    + $"application/json' -d '{{\"display_name\":\"First\"}}' {url}/v1/organizations"
        );
        to.WriteLine();
    }
}
