using System.Net;
using System.Net.Http.Headers;
using Orleans;
using Orleans.Runtime;

namespace Vault.Client.Cluster;

/// <summary>Carries the client's requests to a silo instead of a web server. What became of a call that brought no answer is not known here, as with a connection that broke.</summary>
internal sealed class GrainHandler(IGrainFactory cluster) : HttpMessageHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var call = new GatewayCall
        {
            Method = request.Method.Method,
            Path = request.RequestUri!.PathAndQuery,
            Authorization = request.Headers.Authorization?.ToString(),
            IdempotencyKey = request.Headers.TryGetValues("Idempotency-Key", out var keys) ? keys.Single() : null,
            ContentType = request.Content?.Headers.ContentType?.ToString(),
            Body = request.Content is { } content ? await content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false) : null,
        };
        try
        {
            var answer = await cluster.GetGrain<IGatewayGrain>(0).SendAsync(call, cancellationToken).ConfigureAwait(false);
            var body = new ByteArrayContent(answer.Body);
            if (answer.ContentType is { } type) body.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
            return new HttpResponseMessage((HttpStatusCode)answer.Status) { Content = body, RequestMessage = request };
        }
        catch (Exception e) when (e is OrleansException or TimeoutException)
        {
            throw new HttpRequestException("No silo of the cluster answered.", e);
        }
    }
}
