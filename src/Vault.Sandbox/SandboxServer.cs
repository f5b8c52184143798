using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Vault.Sandbox.Api;
using Vault.Sandbox.Clients;
using Vault.Sandbox.Counting;
using Vault.Sandbox.Faults;
using Vault.Sandbox.Grants;
using Vault.Sandbox.OAuth;

namespace Vault.Sandbox;

/// <summary>
/// A running sandbox provider: a real HTTP server on a loopback port, whose state a test can read and change.
/// </summary>
public sealed class SandboxServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly SandboxState _state;
    private int _disposed;

    private SandboxServer(WebApplication app, SandboxState state) => (_app, _state) = (app, state);

    /// <summary>
    /// The issuer and base URL of all endpoints, for example "http://127.0.0.1:40123"; without a trailing slash.
    /// </summary>
    public string BaseUrl => _state.Issuer;

    /// <summary>The current counters.</summary>
    public CounterSnapshot Counters => _state.Counters.Snapshot();

    public SandboxFaults Faults => _state.Faults;

    public ClientRegistry Clients => _state.Clients;

    public GrantRegistry Grants => _state.Grants;

    /// <summary>API keys and logins of the echo API.</summary>
    public SandboxCredentials Credentials => _state.Credentials;

    /// <summary>Public keys for verifying JWT bearer assertions.</summary>
    public JwtKeys JwtKeys => _state.Keys;

    /// <exception cref="InvalidOperationException">The sandbox must not run here; the message gives the reason and the
    /// fix.</exception>
    /// <exception cref="IOException">The port is in use.</exception>
    public static async Task<SandboxServer> StartAsync(
        SandboxOptions? options = null,
        CancellationToken cancellationToken = default
    )
    {
        options ??= new SandboxOptions();
        var environment = options.EnvironmentName ?? StartupRules.EnvironmentFrom(Environment.GetEnvironmentVariable);
        var refusals = StartupRules.Refusals(environment, options.Host, options.Port);
        if (refusals.Count > 0)
        {
            throw new InvalidOperationException(
                "The sandbox provider does not start: " + string.Join("; ", refusals) + "."
            );
        }

        var state = new SandboxState(options);
        var app = SandboxApp.Build(options, state);
        var server = new SandboxServer(app, state);
        SandboxApp.Map(app, state, server);
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch
        {
            await app.DisposeAsync();
            state.Dispose();
            throw;
        }

        var bound = new Uri(
            app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()
        );
        var host =
            IPAddress.TryParse(options.Host, out var address)
            && address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6
                ? $"[{options.Host}]"
                : options.Host;
        state.Issuer = FormattableString.Invariant($"http://{host}:{bound.Port}");
        return server;
    }

    /// <summary>
    /// Resets the counters and removes all faults; optionally also restores the initial grants and items.
    /// </summary>
    public void Reset(bool grants = false, bool items = false)
    {
        _state.Faults.Clear();
        _state.Counters.Reset();
        _state.Grants.ResetCounts();
        if (grants)
        {
            _state.Grants.Clear();
        }

        if (items)
        {
            _state.Items.Reset();
        }
    }

    /// <summary>Stops at once; the connections of held requests are cut.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 1)
        {
            return;
        }

        _state.Stop();
        using var now = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
        _state.Dispose();
    }

    internal Task WaitForShutdownAsync(CancellationToken cancellationToken) =>
        _app.WaitForShutdownAsync(cancellationToken);
}
