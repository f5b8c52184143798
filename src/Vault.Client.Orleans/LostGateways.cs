using System.Net;
using System.Reflection;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;

namespace Vault.Client.Cluster;

/// <summary>
/// Fails the outstanding calls to a gateway when its connection ends. By default Orleans' client lets them wait for
/// their response timeout.
/// </summary>
public static class LostGateways
{
    // A silo calls this method for its own outstanding calls when another silo dies. Orleans' client has the method but
    // never calls it. It is not public, so it is looked up when a client is configured: a version of Orleans without it
    // then fails at startup and not at the first lost gateway.
    private const string Method = "BreakOutstandingMessagesToSilo";

    /// <summary>
    /// When a connection ends because its silo died, was evicted or left, the calls sent through it fail at once with
    /// <see cref="SiloUnavailableException"/>. Whether they were executed is unknown. Calls that were not sent yet go
    /// through another gateway.
    /// </summary>
    public static IClientBuilder FailCallsOfLostGateways(this IClientBuilder client)
    {
        ArgumentNullException.ThrowIfNull(client);
        var runtime = typeof(IClusterClient).Assembly.GetType("Orleans.Runtime.IRuntimeClient", throwOnError: true)!;
        var fail = runtime.GetMethod(Method, [typeof(SiloAddress)])
            ?? throw new MissingMethodException(runtime.FullName, Method);
        return client.Configure<ClientConnectionOptions>(options =>
            options.ConfigureConnection(connections =>
            {
                var calls = connections.ApplicationServices.GetRequiredService(runtime);
                var failCalls = fail.CreateDelegate<Action<SiloAddress>>(calls);
                connections.Use(next => context => RunAsync(context, next, failCalls));
            })
        );
    }

    private static async Task RunAsync(
        ConnectionContext context,
        ConnectionDelegate next,
        Action<SiloAddress> failCalls
    )
    {
        // Orleans' client addresses the messages to this gateway with generation 0, because it does not know the silo's
        // generation.
        var gateway = SiloAddress.New((IPEndPoint)context.RemoteEndPoint!, 0);
        try
        {
            await next(context).ConfigureAwait(false);
        }
        finally
        {
            // Nothing more is sent through this connection. A message still in the queue has no address yet, so it does
            // not fail; Orleans sends it through another gateway.
            failCalls(gateway);
        }
    }
}
