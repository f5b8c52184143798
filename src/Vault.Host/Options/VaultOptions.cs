using System.Net;
using Vault.Core.Execution;
using Vault.Core.Refresh;
using Vault.Host.Composition;
using Vault.Providers.Egress;

namespace Vault.Host.Options;

/// <summary>All options of a host, validated before anything starts.</summary>
public sealed partial record VaultOptions
{
    /// <summary>Used by the scripts and tests, ignored by the host.</summary>
    public static readonly IReadOnlySet<string> ScriptVariables = new HashSet<string>(StringComparer.Ordinal)
    {
        "VAULT_TEST_POSTGRES",
        "VAULT_PG_DIR",
        "VAULT_EXPLORER_DEPTH",
        "VAULT_ADMIN_KEY",
        "VAULT_URL",
        "VAULT_SANDBOX_URL",
    };

    /// <summary>The options that were given, for the platform's ledger; no secret.</summary>
    public IReadOnlyDictionary<string, string> Given { get; init; } = new Dictionary<string, string>();

    public required Uri Listen { get; init; }

    /// <summary>The listener that only /metrics and /health have; null: they are the gateway's.</summary>
    public Uri? MetricsListen { get; init; }

    /// <summary>Plain HTTP also where others than this machine can read it.</summary>
    public bool AllowPlainHttp { get; init; }

    public required Uri PublicUrl { get; init; }

    /// <summary>The trusted proxies (RFC 7239 8.1); the header of any other sender is ignored.</summary>
    public IReadOnlyList<IPNetwork> TrustedProxies { get; init; } = [];

    public bool Development { get; init; }

    public required string Data { get; init; }

    public bool Postgres { get; init; }

    public string? Database { get; init; }

    public string? DatabaseOwner { get; init; }

    public required string MasterKeyFile { get; init; }

    public IReadOnlyList<string> PreviousMasterKeyFiles { get; init; } = [];

    public required string AdminKeyFile { get; init; }

    /// <summary>The longest life of an API key that a caller creates; null: no limit.</summary>
    public TimeSpan? KeyLife { get; init; }

    public string? Packs { get; init; }

    public IReadOnlyList<string> EgressAllow { get; init; } = [];

    /// <summary>The proxies for https and for http; null for none.</summary>
    public (string? Https, string? Http) EgressProxy { get; init; }

    public IReadOnlyList<string> EgressNoProxy { get; init; } = [];

    /// <summary>The content of the file with certificate authorities; null for none.</summary>
    public string? EgressAuthorities { get; init; }

    public required LifecycleOptions Lifecycle { get; init; }

    public required ExecutionOptions Execution { get; init; }

    public TimeSpan SweepInterval { get; init; }

    public int SweepBatch { get; init; }

    public int RateLimitPerSecond { get; init; }

    public int MaxBodyBytes { get; init; }

    public int MaxOutputBytes { get; init; }

    public int AnswersMemoryMb { get; init; }

    public TimeSpan ShutdownTimeout { get; init; }

    public required SiloSettings Silo { get; init; }

    public Uri? OtlpEndpoint { get; init; }

    public LogLevel LogLevel { get; init; }

    /// <summary>The fault lab's trigger file; null outside the lab.</summary>
    public string? Checkpoint { get; init; }

    /// <summary>Which addresses may be called in addition to the public Internet.</summary>
    public EgressOptions Egress()
    {
        var egress = new EgressOptions
        {
            AllowLoopback = Development,
            HttpsProxy = EgressProxy.Https,
            HttpProxy = EgressProxy.Http,
            AuthoritiesPem = EgressAuthorities,
        };
        foreach (var host in EgressNoProxy)
            egress.NoProxy.Add(host);
        foreach (var host in EgressAllow)
            egress.Allow.Add(host);
        return egress;
    }

    /// <summary>Returns the options, or all faults.</summary>
    public static (VaultOptions? Options, IReadOnlyList<string> Faults) Read(
        IReadOnlyList<string> arguments,
        IEnumerable<KeyValuePair<string, string>> environment
    )
    {
        var from = new OptionSource(Known, arguments, environment, ScriptVariables);
        var options = Read(from);
        return from.Faults.Count == 0 ? (options, []) : (null, from.Faults);
    }

    // Faults are collected in the source; if there are any, the options must not be used.
    private static VaultOptions Read(OptionSource from)
    {
        var development = from.OneOf("environment", "production", "development") == "development";
        var postgres = from.OneOf("store", "sqlite", "postgres") == "postgres";
        var listen = from.Origin("listen", from.Text("listen"));
        var publicUrl = from.Optional("public-url") is { } url ? from.Origin("public-url", url) : listen;
        var data = Path.GetFullPath(from.Text("data"));
        var lifecycle = new LifecycleOptions
        {
            FreshnessLease = from.Milliseconds("freshness-lease-ms", 50, 60_000),
            TokenTimeout = from.Milliseconds("token-timeout-ms", 500, 300_000),
            Lease = from.Milliseconds("refresh-lease-ms", 1_000, 900_000),
            ClockSkew = from.Milliseconds("clock-skew-ms", 0, 300_000),
            Horizon = from.Milliseconds("in-doubt-horizon-ms", 2_000, 86_400_000),
            PresentAgainPerMinute = from.Number("present-again-per-minute", 1, 100_000),
        };
        from.Faults.AddRange(lifecycle.Faults());
        var options = new VaultOptions
        {
            Given = from.Given(),
            Listen = listen,
            MetricsListen = from.Optional("metrics-listen") is { } metrics
                ? from.Origin("metrics-listen", metrics)
                : null,
            AllowPlainHttp = from.OneOf("allow-plain-http", "false", "true") == "true",
            PublicUrl = publicUrl,
            TrustedProxies = Networks(from, "trusted-proxies"),
            Development = development,
            Data = data,
            Postgres = postgres,
            Database = from.Optional("database"),
            DatabaseOwner = from.Optional("database-owner"),
            MasterKeyFile = from.Optional("master-key-file") is { } file
                ? Path.GetFullPath(file)
                : Path.Combine(data, "master.key"),
            PreviousMasterKeyFiles = [.. from.Items("previous-master-key-files").Select(Path.GetFullPath)],
            AdminKeyFile = from.Optional("admin-key-file") is { } adminKey
                ? Path.GetFullPath(adminKey)
                : Path.Combine(data, "admin.key"),
            KeyLife = from.Number("key-days", 0, 36_500) is > 0 and var days ? TimeSpan.FromDays(days) : null,
            Packs = from.Optional("packs") is { } packs ? Path.GetFullPath(packs) : null,
            EgressAllow = from.Items("egress-allow"),
            EgressProxy = Proxies(from),
            EgressNoProxy = from.Optional("egress-no-proxy") is null
                ? (from.Usual("NO_PROXY") ?? "").Split(',', StringSplitOptions.TrimEntries)
                : from.Items("egress-no-proxy"),
            EgressAuthorities = Authorities(from),
            Lifecycle = lifecycle,
            Execution = new ExecutionOptions
            {
                DefaultTimeout = from.Milliseconds("execution-timeout-ms", 100, 120_000),
                UserQuotaPerMinute = from.Number("user-quota-per-minute", 0, 1_000_000),
                ConnectionQuotaPerMinute = from.Number("connection-quota-per-minute", 0, 10_000_000),
            },
            SweepInterval = from.Milliseconds("sweep-interval-ms", 50, 3_600_000),
            SweepBatch = from.Number("sweep-batch", 1, 100_000),
            RateLimitPerSecond = from.Number("rate-limit-per-second", 1, 1_000_000),
            MaxBodyBytes = from.Number("max-body-bytes", 1_024, 100_000_000),
            MaxOutputBytes = from.Number("max-output-bytes", 1_024, 100_000_000),
            AnswersMemoryMb = from.Number("answers-memory-mb", 16, 1_000_000),
            ShutdownTimeout = from.Milliseconds("shutdown-timeout-ms", 1_000, 600_000),
            Silo = SiloSettings.Read(from, postgres),
            OtlpEndpoint = from.Optional("otlp-endpoint") is { } otlp ? from.Origin("otlp-endpoint", otlp) : null,
            LogLevel = Enum.Parse<LogLevel>(
                from.OneOf("log-level", "information", "trace", "debug", "warning", "error"),
                ignoreCase: true
            ),
            Checkpoint = from.Optional("checkpoint") is { } checkpoint ? Path.GetFullPath(checkpoint) : null,
        };
        options.CheckTogether(from);
        return options;
    }

    private static (string? Https, string? Http) Proxies(OptionSource from) =>
        from.Optional("egress-proxy") switch
        {
            null => (from.Usual("HTTPS_PROXY", "ALL_PROXY"), from.Usual("HTTP_PROXY", "ALL_PROXY")),
            "none" => (null, null),
            var proxy => (proxy, proxy),
        };

    private static string? Authorities(OptionSource from)
    {
        if (from.Optional("egress-ca-file") is not { } file)
            return null;
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return from.Fault<string?>("egress-ca-file", $"'{file}' cannot be read: {e.Message}", null);
        }
    }

    private static List<IPNetwork> Networks(OptionSource from, string name)
    {
        var networks = new List<IPNetwork>();
        foreach (var item in from.Items(name))
        {
            if (IPNetwork.TryParse(item, out var network))
                networks.Add(network);
            else if (IPAddress.TryParse(item, out var address))
                networks.Add(new IPNetwork(address, address.GetAddressBytes().Length * 8));
            else
                from.Fault(
                    name,
                    $"'{item}' is neither an address nor a network; examples are 10.0.0.7 and " + "10.0.0.0/24.",
                    0
                );
        }

        return networks;
    }

    private void CheckTogether(OptionSource from)
    {
        if (Postgres && Database is null)
            from.Fault(
                "database",
                "is required when store is postgres, for example "
                    + "'Host=127.0.0.1;Username=vault;Password=...;Database=vault'; ./scripts/pg start prints one.",
                0
            );
        if (!Postgres && Database is not null)
            from.Fault(
                "store",
                "is sqlite, but VAULT_DATABASE has a PostgreSQL connection string; set VAULT_STORE=postgres or "
                    + "remove it.",
                0
            );
        if (ShutdownTimeout <= Execution.MaximumTimeout)
        {
            from.Fault(
                "shutdown-timeout-ms",
                $"must be longer than the longest execution ({Execution.MaximumTimeout.TotalMilliseconds:0} ms), "
                    + "which a stopping host still finishes.",
                0
            );
        }

        if (!Development)
        {
            RefuseOnCommandLine(from, "database", Database);
            RefuseOnCommandLine(from, "database-owner", DatabaseOwner);
        }

        EgressPolicy.Create(Egress(), out var egressFaults);
        foreach (var fault in egressFaults)
            from.Fault(
                fault.StartsWith("the proxy", StringComparison.Ordinal) ? "egress-proxy"
                    : fault.StartsWith("the file", StringComparison.Ordinal) ? "egress-ca-file"
                    : "egress-allow",
                fault,
                0
            );
        if (Packs is not null && !Directory.Exists(Packs))
            from.Fault("packs", $"there is no folder '{Packs}'.", 0);
        foreach (var file in PreviousMasterKeyFiles.Where(f => !File.Exists(f)))
            from.Fault("previous-master-key-files", $"there is no file '{file}'.", 0);
        if (from.IsSet("master-key-file") && !File.Exists(MasterKeyFile))
            from.Fault(
                "master-key-file",
                $"there is no file '{MasterKeyFile}'; a key is generated only at the default path.",
                0
            );
        if (!Development && Checkpoint is not null)
            from.Fault(
                "checkpoint",
                "is for the fault lab: it lets a file kill this process; set VAULT_ENVIRONMENT=development or "
                    + "remove it.",
                0
            );
        if (!Development && PublicUrl.Scheme != "https" && !OptionSource.IsLoopback(PublicUrl))
            from.Fault("public-url", "must be https outside development: codes and cookies travel over it.", 0);
        CheckListen(from);
        if (
            MetricsListen is { } metrics
            && (metrics.Scheme != "http" || metrics.Port is 0 || metrics.Port == Listen.Port)
        )
            from.Fault("metrics-listen", "must be http with a port of its own, for example http://127.0.0.1:9464.", 0);
    }

    // Every user of the machine can read the command line of a process; its environment only its own user can.
    private static void RefuseOnCommandLine(OptionSource from, string name, string? connection)
    {
        if (connection is null || !from.IsOnCommandLine(name))
            return;
        var names = connection.Split(';').Select(p => p.Split('=')[0].Trim());
        if (names.Any(n => n.ToUpperInvariant() is "PASSWORD" or "PWD" or "PSW"))
            from.Fault(
                name,
                "has a password on the command line, which every user of this machine can read; give it in the environment.",
                0
            );
    }

    private void CheckListen(OptionSource from)
    {
        if (Listen.Scheme == "https")
            from.Fault(
                "listen",
                $"is https, and the host has no TLS of its own: it would speak plain HTTP there. Listen on http://127.0.0.1:{Listen.Port} behind a TLS proxy, and set VAULT_PUBLIC_URL to the proxy's origin.",
                0
            );
        if (!Development && !AllowPlainHttp && !OptionSource.IsLoopback(Listen))
            from.Fault(
                "listen",
                $"{Listen.Host} is not loopback, and keys and credentials would travel without TLS. Listen on http://127.0.0.1:{Listen.Port} behind a TLS proxy, or set VAULT_ALLOW_PLAIN_HTTP=true (--allow-plain-http) when the network between the proxy and the host is private.",
                0
            );
        if (Development && !OptionSource.IsLoopback(Listen))
            from.Fault(
                "listen",
                "must be a loopback address in development, which trusts loopback upstreams; set "
                    + "VAULT_ENVIRONMENT=production to listen on other addresses.",
                0
            );
    }
}
