using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Vault.Host.Options;

namespace Vault.Host.Observability;

/// <summary>JSON logs, Prometheus metrics, and traces for a collector if one is configured.</summary>
public static class Telemetry
{
    public static void AddVaultTelemetry(this WebApplicationBuilder builder, VaultOptions options)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(options);
        builder.Logging.ClearProviders();
        builder.Logging.SetMinimumLevel(options.LogLevel);

        // ASP.NET logs every request with its path, and the path of a connect link contains its one-time token.
        builder
            .Logging.AddFilter("Microsoft", LogLevel.Warning)
            .AddFilter("System", LogLevel.Warning)
            .AddFilter("OpenTelemetry", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        builder.Logging.AddJsonConsole(o =>
        {
            o.UseUtcTimestamp = true;
            o.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ";
        });

        var telemetry = builder.Services.AddOpenTelemetry().ConfigureResource(r => r.AddService("vault"));
        telemetry.WithMetrics(m =>
            m.AddMeter(VaultMetrics.MeterName, "System.Runtime", "Microsoft.AspNetCore.Server.Kestrel")
                .AddPrometheusExporter()
        );
        if (options.OtlpEndpoint is not { } endpoint)
            return;
        telemetry.WithTracing(t =>
            t.AddAspNetCoreInstrumentation(o =>
                {
                    o.Filter = http =>
                        !http.Request.Path.StartsWithSegments("/health", StringComparison.Ordinal)
                        && !http.Request.Path.StartsWithSegments("/metrics", StringComparison.Ordinal);
                    o.EnrichWithHttpRequest = Redact;
                })
                .AddOtlpExporter(o => o.Endpoint = endpoint)
        );
    }

    // Paths of connect links and queries of callbacks contain one-time secrets; the route template is enough.
    private static void Redact(System.Diagnostics.Activity activity, HttpRequest request)
    {
        activity.SetTag("url.query", null);
        if (request.Path.StartsWithSegments("/connect", StringComparison.Ordinal))
            activity.SetTag("url.path", "/connect/{token}");
    }
}
