using Microsoft.AspNetCore.Http.Features;
using Orleans.Concurrency;
using Vault.Client.Cluster;
using Vault.Gateway;

namespace Vault.Host.Grains;

/// <summary>
/// The gateway's routes as one delegate, for requests that arrive through the cluster. Workers have it too: they serve
/// no HTTP to outside callers, but the cluster's clients are internal.
/// </summary>
internal sealed class GatewayPipeline
{
    public GatewayPipeline(IServiceProvider services)
    {
        var routes = new ApplicationBuilder(services);
        routes.UseRouting();
        routes.UseEndpoints(e => e.MapVaultGateway());
        Run = routes.Build();
    }

    public RequestDelegate Run { get; }
}

/// <summary>
/// Runs on the silo that the client is connected to; the call then goes to the silo that owns the account, as with any
/// gateway.
/// </summary>
[StatelessWorker]
[GrainType("vault.gateway")]
internal sealed class GatewayGrain(GatewayPipeline pipeline, IServiceScopeFactory scopes) : Grain, IGatewayGrain
{
    // Runs on the thread pool, so that requests are not serialized by the grain.
    public Task<GatewayAnswer> SendAsync(GatewayCall call, CancellationToken cancellationToken) =>
        Task.Run(() => RunAsync(call, cancellationToken), cancellationToken);

    private async Task<GatewayAnswer> RunAsync(GatewayCall call, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var http = new DefaultHttpContext
        {
            RequestServices = scope.ServiceProvider,
            RequestAborted = cancellationToken,
        };
        var request = http.Request;
        var query = call.Path.IndexOf('?', StringComparison.Ordinal);
        (request.Method, request.Scheme, request.Protocol, request.Host) = (
            call.Method,
            "https",
            "HTTP/1.1",
            new HostString("vault.cluster")
        );
        request.Path = PathString.FromUriComponent(query < 0 ? call.Path : call.Path[..query]);
        request.QueryString = query < 0 ? QueryString.Empty : new QueryString(call.Path[query..]);
        if (call.Authorization is { } key)
            request.Headers.Authorization = key;
        if (call.IdempotencyKey is { } once)
            request.Headers["Idempotency-Key"] = once;
        if (call.Body is { } body)
        {
            (request.ContentType, request.ContentLength, request.Body) = (
                call.ContentType,
                body.Length,
                new MemoryStream(body, writable: false)
            );
            http.Features.Set<IHttpRequestBodyDetectionFeature>(new HasBody());
        }

        using var answer = new MemoryStream();
        http.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(answer));
        await pipeline.Run(http);
        await http.Response.CompleteAsync();
        return new GatewayAnswer
        {
            Status = http.Response.StatusCode,
            ContentType = http.Response.ContentType,
            Body = answer.ToArray(),
        };
    }

    private sealed class HasBody : IHttpRequestBodyDetectionFeature
    {
        public bool CanHaveBody => true;
    }
}
