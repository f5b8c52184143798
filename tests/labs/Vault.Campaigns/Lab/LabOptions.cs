namespace Vault.Campaigns.Lab;

/// <summary>
/// Which store, which provider, and the times that make a round quick. They are ordinary options of the host and of the
/// sandbox.
/// </summary>
public sealed record LabOptions
{
    public bool Postgres { get; init; }

    public int Hosts { get; init; } = 1;

    /// <summary>
    /// How long a strike that freezes lasts: past the lease; of a cluster also until the others have taken over what it
    /// owned.
    /// </summary>
    public TimeSpan Frozen => Postgres ? TimeSpan.FromSeconds(10) : Lease + TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// The sandbox kills a family whose refresh token comes twice; else it rotates with a grace window of 30 s.
    /// </summary>
    public bool Strict { get; init; } = true;

    public int Accounts { get; init; } = 16;

    /// <summary>Seconds an access token lives; it is renewed at half of that.</summary>
    public int AccessTokenSeconds { get; init; } = 4;

    /// <summary>Total time of one token-endpoint call.</summary>
    public TimeSpan TokenTimeout { get; init; } = TimeSpan.FromMilliseconds(2_500);

    public TimeSpan Lease { get; init; } = TimeSpan.FromMilliseconds(3_500);

    /// <summary>
    /// How long the token endpoint takes before and after it acts, so that calls are under way when a process dies.
    /// </summary>
    public int TokenDelayMs { get; init; } = 60;

    public int Lanes { get; init; } = 6;

    /// <summary>How long a host may act on what it read.</summary>
    public int FreshnessMs { get; init; } = 200;

    /// <summary>Whether silos refresh what is due before anybody asks; else once a minute.</summary>
    public bool Sweeps { get; init; } = true;

    /// <summary>Where what the hosts logged is kept; null: nowhere.</summary>
    public string? Logs { get; init; }

    /// <summary>More ordinary options and variables of the hosts.</summary>
    public IReadOnlyList<string> MoreHostOptions { get; init; } = [];

    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    public string Provider => Strict ? "sandbox_family" : "sandbox_grace";

    public IReadOnlyList<string> HostOptions =>
        [
            "--freshness-lease-ms",
            FreshnessMs.ToString(System.Globalization.CultureInfo.InvariantCulture),
            "--sweep-interval-ms",
            Sweeps ? "200" : "60000",
            "--clock-skew-ms",
            "500",
            "--token-timeout-ms",
            $"{TokenTimeout.TotalMilliseconds:0}",
            "--refresh-lease-ms",
            $"{Lease.TotalMilliseconds:0}",
            .. Postgres ? new[] { "--refresh-shards", "64" } : [],
        ];

    public override string ToString() =>
        $"{(Postgres ? "PostgreSQL" : "SQLite")}, {Hosts} silo{(Hosts == 1 ? "" : "s")}, {Provider}, {Accounts} accounts, access tokens of {AccessTokenSeconds} s, "
        + $"lease {Lease.TotalSeconds:0.0} s, token timeout {TokenTimeout.TotalSeconds:0.0} s, clock skew 0.5 s, sweep every 0.2 s";
}
