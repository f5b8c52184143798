using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using Orleans.TestingHost;

namespace Vault.Host.Tests.Suite;

/// <summary>
/// A silo of a <see cref="TestCluster"/> that is the real host with everything it has: gateway, sweep, housekeeping.
/// </summary>
internal sealed class VaultSilo : SiloHandle
{
    private readonly VaultHost _host;
    private bool _active = true;

    public VaultSilo(string name, VaultHost host)
    {
        _host = host;
        var details = host.Services.GetRequiredService<ILocalSiloDetails>();
        (Name, SiloAddress, GatewayAddress) = (name, details.SiloAddress, details.GatewayAddress);
    }

    public string Url => _host.Url;

    public IServiceProvider Services => _host.Services;

    public override bool IsActive => _active;

    public override async Task StopSiloAsync(bool stopGracefully)
    {
        using var now = new CancellationTokenSource();
        if (!stopGracefully)
            await now.CancelAsync();
        await StopSiloAsync(now.Token);
    }

    public override async Task StopSiloAsync(CancellationToken ct)
    {
        if (!_active)
            return;
        _active = false;
        await _host.StopAsync(ct);
    }

    public override async ValueTask DisposeAsync()
    {
        await StopSiloAsync(CancellationToken.None);
        await _host.DisposeAsync();
        Dispose();
    }
}
