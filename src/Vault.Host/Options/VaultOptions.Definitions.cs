namespace Vault.Host.Options;

// What an operator can set, in the order in which --help shows it.
public sealed partial record VaultOptions
{
    private static readonly IReadOnlyList<OptionDefinition> Own =
    [
        new(
            "listen",
            "http://127.0.0.1:8080",
            "Address the gateway listens on: HTTP, on loopback. TLS ends at a proxy in front of it."
        ),
        new(
            "metrics-listen",
            "",
            "Address of a listener of its own for /metrics, for example http://127.0.0.1:9464; the other one then has "
                + "no /metrics. Default: /metrics needs no key at the gateway's address."
        ),
        new(
            "allow-plain-http",
            "false",
            "Listen on an address that is not loopback although the host has no TLS: behind a TLS proxy only.",
            IsSwitch: true
        ),
        new(
            "public-url",
            "",
            "Origin under which browsers and providers reach the vault; default: the listen address."
        ),
        new(
            "trusted-proxies",
            "",
            "Reverse proxies (addresses or CIDR, comma-separated) whose X-Forwarded-For header is trusted; "
                + "without it all visitors behind one proxy share its rate limit."
        ),
        new(
            "environment",
            "production",
            "production, or development: HTTP on loopback, the sandbox's packs, loopback upstreams."
        ),
        new("data", "./data", "Folder for the SQLite database, the reply spool and the generated master key."),
        new("store", "sqlite", "sqlite or postgres."),
        new("database", "", "PostgreSQL connection string, when store is postgres."),
        new(
            "database-owner",
            "",
            "PostgreSQL connection string of the schema's owner, for migrations; default: the same as database."
        ),
        new(
            "master-key-file",
            "",
            "File with the master key (base64 of 32 bytes, mode 0600); default: master.key in the data folder, "
                + "generated once."
        ),
        new(
            "previous-master-key-files",
            "",
            "Former master key files, comma-separated; needed until every key is rewrapped."
        ),
        new(
            "admin-key-file",
            "",
            "File for the first administrator's key, and for a recovered one; default: admin.key in the data folder. "
                + "An existing file is kept; the next free name (admin.key.2) is used."
        ),
        new("key-days", "90", "The longest life of API keys that callers create, in days; 0: no limit."),
        new("packs", "", "Folder with your own provider packs (*.json)."),
        new(
            "egress-allow",
            "",
            "Hosts or networks (CIDR) that may be called although they are private, comma-separated."
        ),
        new(
            "egress-proxy",
            "",
            "Proxy for calls to providers, such as http://proxy.corp.example:3128; default: HTTPS_PROXY, HTTP_PROXY or "
                + "ALL_PROXY; 'none' ignores them."
        ),
        new(
            "egress-no-proxy",
            "",
            "Hosts, domains and networks that are called without the proxy, comma-separated; default: NO_PROXY."
        ),
        new(
            "egress-ca-file",
            "",
            "PEM file with certificate authorities of your company, trusted for calls to providers in addition to the system's."
        ),
        new(
            "freshness-lease-ms",
            "1000",
            "How long a cached account may be used without reading its row again; a revocation waits this long."
        ),
        new("token-timeout-ms", "15000", "Timeout of one token-endpoint call."),
        new(
            "refresh-lease-ms",
            "20000",
            "How long a refresh holds its account: longer than token timeout plus clock skew, shorter than the "
                + "grace windows of providers (30 s is common)."
        ),
        new(
            "in-doubt-horizon-ms",
            "900000",
            "How long after a refresh without a known outcome its host may come back with the response: longer than a "
                + "restart of a pod. After it the refresh token is presented once more."
        ),
        new(
            "present-again-per-minute",
            "60",
            "Refresh tokens in doubt that all hosts together present once more, per minute and provider."
        ),
        new("clock-skew-ms", "3000", "Maximum difference between the clocks of two hosts."),
        new("sweep-interval-ms", "1000", "Interval of the sweeps for due accounts."),
        new("sweep-batch", "500", "Refreshes begun per sweep."),
        new("execution-timeout-ms", "30000", "Default timeout of an execution."),
        new("user-quota-per-minute", "0", "Executions per user, minute and host; 0: no limit."),
        new("connection-quota-per-minute", "0", "Executions per connection, minute and host; 0: no limit."),
        new("rate-limit-per-second", "1000", "Average requests per API key and second; the burst is twice as many."),
        new("max-body-bytes", "1048576", "Maximum size of a request body."),
        new(
            "max-output-bytes",
            "1048576",
            "Maximum tool output in a response; the whole output is available through a handle."
        ),
        new(
            "answers-memory-mb",
            "256",
            "Memory that large provider responses may take in this process, in MiB; one organization has half of it. "
                + "Beyond it calls wait, then get 503 with Retry-After."
        ),
        new("shutdown-timeout-ms", "150000", "How long a graceful stop waits for running executions and refreshes."),
        new("otlp-endpoint", "", "OpenTelemetry collector (OTLP/gRPC); default: traces are not exported."),
        new("log-level", "information", "trace, debug, information, warning or error."),
        new(
            "checkpoint",
            "",
            "Development only: a file with which the fault lab (./scripts/crash) kills or freezes this host at a "
                + "named point."
        ),
    ];

    /// <summary>All options: the vault's and its silo's.</summary>
    public static IReadOnlyList<OptionDefinition> Known { get; } = [.. Own, .. SiloSettings.Known];
}
