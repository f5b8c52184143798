using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Vault.TestKit;

namespace Vault.Campaigns.Leaks;

/// <summary>
/// Stands for the OpenTelemetry collector (it takes every call as gRPC does and keeps the bytes), and for a server that
/// leaks.
/// </summary>
internal sealed class TraceSink : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, string> _leaks = new();

    private TraceSink(WebApplication app, Uri traces, Uri pages) => (_app, Traces, Pages) = (app, traces, pages);

    /// <summary>HTTP/2 without TLS, as OTLP over gRPC wants it.</summary>
    public Uri Traces { get; }

    public Uri Pages { get; }

    public ConcurrentQueue<byte[]> Received { get; } = new();

    public static async Task<TraceSink> StartAsync(CancellationToken cancellationToken)
    {
        var (traces, pages) = (FreePorts.Next(), FreePorts.Next());
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k =>
        {
            k.Listen(IPAddress.Loopback, traces, l => l.Protocols = HttpProtocols.Http2);
            k.Listen(IPAddress.Loopback, pages);
        });
        var app = builder.Build();
        var sink = new TraceSink(app, new Uri($"http://127.0.0.1:{traces}"), new Uri($"http://127.0.0.1:{pages}"));
        app.Run(sink.TakeAsync);
        await app.StartAsync(cancellationToken);
        return sink;
    }

    /// <summary>A page of this server that holds the text.</summary>
    public Task<Uri> LeakAsync(string text)
    {
        var path = "/" + Guid.NewGuid().ToString("N");
        _leaks[path] = text;
        return Task.FromResult(new Uri(Pages, path));
    }

    /// <summary>Sends a text the way a host sends its traces.</summary>
    public async Task SendAsync(string text)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, Traces)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new StringContent(text),
        };
        using var answer = await http.SendAsync(request);
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private async Task TakeAsync(HttpContext context)
    {
        if (_leaks.TryGetValue(context.Request.Path.Value ?? "", out var text))
        {
            await context.Response.WriteAsync(text);
            return;
        }

        var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        Received.Enqueue(body.ToArray());
        context.Response.ContentType = "application/grpc";
        await context.Response.Body.WriteAsync(new byte[5]);
        context.Response.AppendTrailer("grpc-status", "0");
    }
}
