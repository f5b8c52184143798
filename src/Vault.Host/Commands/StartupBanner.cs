using Vault.Host.Options;

namespace Vault.Host.Commands;

/// <summary>What the host prints after it has started.</summary>
public static class StartupBanner
{
    public static void Write(TextWriter to, VaultOptions options, string url, string? keyFile)
    {
        ArgumentNullException.ThrowIfNull(to);
        ArgumentNullException.ThrowIfNull(options);
        to.WriteLine();
        to.WriteLine(
            $"Vault.Orleans listens on {url}   "
                + $"({(options.Postgres ? "PostgreSQL" : "SQLite in " + options.Data)}, "
                + $"{(options.Development ? "development" : "production")})"
        );
        to.WriteLine(
            $"API and docs: {url}/docs   health: {url}/health/ready   metrics: {Metrics(options, url)}/metrics"
        );
        if (keyFile is not null)
            WriteKey(to, options, url, keyFile);

        // Printed last: when a script reads this line, the file with the key is there.
        var silo = options.Silo;
        to.WriteLine(
            options.Postgres
                ? $"Silo {silo.Address}:{silo.Port} of cluster '{silo.Cluster}' ({silo.RoleName}, "
                    + $"{(silo.Tls ? "mutual TLS" : "no TLS")})"
                : "Silo without a cluster port"
        );
    }

    private static string Metrics(VaultOptions options, string url) =>
        options.MetricsListen?.ToString().TrimEnd('/') ?? url;

    private static void WriteKey(TextWriter to, VaultOptions options, string url, string file)
    {
        // The file holds the key, and only its user can read it; nothing that is printed is secret.
        to.WriteLine();
        to.WriteLine($"The administrator's key is in {file}");
        to.WriteLine(options.Development ? "Next, in another terminal:" : "Next:");
        to.WriteLine(
            options.Development
                ? $"  VAULT_URL={url} VAULT_ADMIN_KEY_FILE={file} ./scripts/demo"
                : $"  vaultctl --url {url} --key-file {file} organizations create First"
        );
        to.WriteLine();
    }
}
