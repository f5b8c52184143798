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
/// Fails the calls that are out to a gateway when the connection to it ends. Orleans' client leaves them waiting until
/// their response timeout.
/// </summary>
public static class LostGateways
{
    // A silo calls this method for its own calls when another silo dies; Orleans' client has it too, and nothing calls
    // it there. It is not public, so it is looked up when a client is configured: an Orleans version without it fails
    // there and not at the first lost gateway.
    private const string Method = "BreakOutstandingMessagesToSilo";

    /// <summary>
    /// A call that was sent through a connection that ends (its silo died, was evicted or left) fails at once with
    /// <see cref="SiloUnavailableException"/>. Whether it was carried out is not known. A call that was not sent yet
    /// goes through another gateway.
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
        // Orleans' client writes this address into each message that it sends here; it does not know the silo's
        // generation.
        var gateway = SiloAddress.New((IPEndPoint)context.RemoteEndPoint!, 0);
        try
        {
            await next(context).ConfigureAwait(false);
        }
        finally
        {
            // Nothing is sent through the connection any more. A message that still waited has no address yet, so it is
            // kept, and Orleans sends it through another gateway.
            failCalls(gateway);
        }
    }
}
