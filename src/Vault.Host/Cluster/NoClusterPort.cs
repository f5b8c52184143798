using System.Net;
using Microsoft.AspNetCore.Connections;

namespace Vault.Host.Cluster;

/// <summary>
/// The connection listener of a single silo: it opens no socket and never accepts a connection. Safe, because a silo
/// delivers messages to itself without a connection.
/// </summary>
internal sealed class NoClusterPort : IConnectionListenerFactory
{
    /// <summary>
    /// Replaces the listeners that Orleans registers for its own connections; the web server's listener has no service
    /// key and stays.
    /// </summary>
    public static void Install(IServiceCollection services)
    {
        var listeners = services
            .Where(s => s.IsKeyedService && s.ServiceType == typeof(IConnectionListenerFactory))
            .ToList();
        if (listeners.Count == 0)
            throw new InvalidOperationException(
                "This version of Orleans registers its connection listeners differently; the silo would open a port."
            );
        foreach (var registered in listeners)
        {
            services.Remove(registered);
            services.AddKeyedSingleton<IConnectionListenerFactory>(registered.ServiceKey, new NoClusterPort());
        }
    }

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        new(new Listener(endpoint));

    private sealed class Listener(EndPoint endpoint) : IConnectionListener
    {
        private readonly TaskCompletionSource<ConnectionContext?> _unbound = new(
            TaskCreationOptions.RunContinuationsAsynchronously
        );

        public EndPoint EndPoint => endpoint;

        public ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) =>
            new(_unbound.Task.WaitAsync(cancellationToken));

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            _unbound.TrySetResult(null);
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync() => UnbindAsync();
    }
}
