using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using Orleans;
using Orleans.Runtime;

namespace Vault.Client.Cluster;

/// <summary>
/// Sends the client's requests to a silo instead of a web server. The outcome of a call without a response is unknown,
/// as with a broken HTTP connection.
/// </summary>
internal sealed class GrainHandler(IGrainFactory cluster) : HttpMessageHandler
{
    // Until a dead silo is evicted, a gateway may still ask it where the grain is. That takes about three seconds; the
    // limit is twice that.
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
            throw new HttpRequestException("No silo of the cluster responded.", e);
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
                // Rejected before delivery, so the request was not executed and may be sent again.
                undelivered ??= Stopwatch.GetTimestamp();
                if (Stopwatch.GetElapsedTime(undelivered.Value) + pause > MaxUndelivered)
                    throw;
                await Task.Delay(pause, cancellationToken).ConfigureAwait(false);
                pause = pause * 2 < MaxPause ? pause * 2 : MaxPause;
            }
        }
    }
}
