using System.Diagnostics.Metrics;

namespace Vault.Gateway.Http;

/// <summary>Counters of requests; the host exports every meter of this name.</summary>
internal static class GatewayMetrics
{
    private static readonly Meter Meter = new("Vault");

    /// <summary>Requests with credentials that are none.</summary>
    public static Counter<long> AuthenticationFailures { get; } =
        Meter.CreateCounter<long>("vault.auth.failures", description: "Failed authentications.");
}
