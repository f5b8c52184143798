using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using Orleans;
using Orleans.Runtime;

namespace Vault.Client.Cluster;

/// <summary>
/// Carries the client's requests to a silo instead of a web server. The outcome of a call that brought no answer is not
/// known here, as with a connection that broke.
/// </summary>
internal sealed class GrainHandler(IGrainFactory cluster) : HttpMessageHandler
{
    // A gateway may ask a silo that has just died where the grain is, until that silo is evicted. That takes about
    // three seconds, so twice that.
    private static readonly TimeSpan MaxUndelivered = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(1);

    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request,
        CancellationToken cancellationToken
    )
    {
        var call = new GatewayCall
        {
            Method = request.Method.Method,
            Path = request.RequestUri!.PathAndQuery,
            Authorization = request.Headers.Authorization?.ToString(),
            IdempotencyKey = request.Headers.TryGetValues("Idempotency-Key", out var keys) ? keys.Single() : null,
            ContentType = request.Content?.Headers.ContentType?.ToString(),
            Body = request.Content is { } content
                ? await content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false)
                : null,
        };
        try
        {
            var answer = await DeliverAsync(call, cancellationToken).ConfigureAwait(false);
            var body = new ByteArrayContent(answer.Body);
            if (answer.ContentType is { } type)
                body.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
            return new HttpResponseMessage((HttpStatusCode)answer.Status) { Content = body, RequestMessage = request };
        }
        catch (Exception e) when (e is OrleansException or TimeoutException)
        {
            throw new HttpRequestException("No silo of the cluster answered.", e);
        }
    }

    private async Task<GatewayAnswer> DeliverAsync(GatewayCall call, CancellationToken cancellationToken)
    {
        long? undelivered = null;
        var pause = TimeSpan.FromMilliseconds(50);
        while (true)
        {
            try
            {
                var gateway = cluster.GetGrain<IGatewayGrain>(0);
                return await gateway.SendAsync(call, cancellationToken).ConfigureAwait(false);
            }
            catch (OrleansMessageRejectionException e) when (e is not SiloUnavailableException)
            {
                // Rejected before it was delivered, so it was not carried out.
                undelivered ??= Stopwatch.GetTimestamp();
                if (Stopwatch.GetElapsedTime(undelivered.Value) + pause > MaxUndelivered)
                    throw;
                await Task.Delay(pause, cancellationToken).ConfigureAwait(false);
                pause = pause * 2 < MaxPause ? pause * 2 : MaxPause;
            }
        }
    }
}
