using System.Net;
using Yarp.ReverseProxy.Configuration;

namespace Vault.Benchmarks.Targets;

/// <summary>
/// The floor: a reverse proxy that does nothing but put a fixed Authorization header on the request. No vault on this
/// framework can cost less.
/// </summary>
internal static class FloorProxy
{
    public static async Task<int> RunAsync(ServeSettings settings)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.Sources.Clear();
        builder.Logging.ClearProviders();
        builder.WebHost.UseSockets(ServeSettings.Sockets);
        builder.WebHost.ConfigureKestrel(k =>
        {
            k.AddServerHeader = false;
            k.Listen(IPAddress.Loopback, settings.Listen.Port);
        });
        var route = new RouteConfig
        {
            RouteId = "all",
            ClusterId = "upstream",
            Match = new RouteMatch { Path = "/{**rest}" },
            Transforms =
            [
                new Dictionary<string, string>
                {
                    ["RequestHeader"] = "Authorization",
                    ["Set"] = "Bearer " + settings.Token,
                },
            ],
        };
        var cluster = new ClusterConfig
        {
            ClusterId = "upstream",
            Destinations = new Dictionary<string, DestinationConfig>
            {
                ["only"] = new() { Address = settings.Upstream },
            },
        };
        builder.Services.AddReverseProxy().LoadFromMemory([route], [cluster]);
        await using var app = builder.Build();
        app.MapGet(ServeSettings.AllocatedPath, ServeSettings.Allocated);
        app.MapReverseProxy();
        await app.RunAsync();
        return 0;
    }
}
