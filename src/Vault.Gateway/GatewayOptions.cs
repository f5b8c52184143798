namespace Vault.Gateway;

public sealed record GatewayOptions
{
    /// <summary>Allows plain HTTP on loopback, and the connect cookie without <c>Secure</c>.</summary>
    public bool Development { get; init; }

    /// <summary>Maximum bytes of a request body; a larger one is <c>too_large</c>.</summary>
    public long MaxBody { get; init; } = 1024 * 1024;

    /// <summary>Maximum nesting of a request body; a deeper one is <c>invalid_request</c>.</summary>
    public int MaxDepth { get; init; } = 64;

    /// <summary>Timeout of every request except executions.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Maximum <c>timeout_ms</c> of an execution.</summary>
    public TimeSpan LongestExecution { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Sustained rate of requests per API key.</summary>
    public int RequestsPerSecond { get; init; } = 500;

    /// <summary>Burst of requests per API key.</summary>
    public int RequestBurst { get; init; } = 1000;

    /// <summary>Rate of requests without a valid key, per address (connect pages, failed authentications).</summary>
    public int AnonymousPerSecond { get; init; } = 20;

    /// <summary>How many scanning calls of one organization, or of one platform key, run at a time.</summary>
    public int ConcurrentScans { get; init; } = 2;

    /// <summary>How long the response to an <c>Idempotency-Key</c> is stored.</summary>
    public TimeSpan KeepAnswers { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Interval between two batched writes of last-used times.</summary>
    public TimeSpan KeyUseInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>All invalid options; empty when the options are valid.</summary>
    public IReadOnlyList<string> Faults()
    {
        var faults = new List<string>();
        if (MaxBody < 1024)
            faults.Add("max_body: give at least 1024 bytes.");
        if (MaxDepth is < 8 or > 512)
            faults.Add("max_depth: give 8 to 512.");
        if (RequestTimeout < TimeSpan.FromSeconds(5))
            faults.Add("request_timeout: give at least 5 seconds; connecting and revoking call providers.");
        if (LongestExecution < TimeSpan.FromSeconds(1))
            faults.Add("longest_execution: give at least 1 second.");
        if (RequestsPerSecond < 1)
            faults.Add("requests_per_second: give at least 1.");
        if (RequestBurst < RequestsPerSecond)
            faults.Add("request_burst: give at least requests_per_second.");
        if (AnonymousPerSecond < 1)
            faults.Add("anonymous_per_second: give at least 1.");
        if (ConcurrentScans < 1)
            faults.Add("concurrent_scans: give at least 1.");
        if (KeepAnswers < TimeSpan.FromMinutes(10))
            faults.Add("keep_answers: give at least 10 minutes; a caller that retries later would act twice.");
        if (KeyUseInterval < TimeSpan.FromSeconds(1))
            faults.Add("key_use_interval: give at least 1 second.");
        return faults;
    }
}
