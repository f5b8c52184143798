using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Vault.Core.Callers;
using Vault.Core.Errors;

namespace Vault.Gateway.Http;

/// <summary>Writes last-used times in batches, and a last time when the host stops.</summary>
internal sealed class KeyUseWriter(KeyUses uses, TimeProvider time, GatewayOptions options, ILogger<KeyUseWriter> log)
    : BackgroundService
{
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await WriteAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.KeyUseInterval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await WriteAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host is stopping; StopAsync writes the last batch.
        }
    }

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        try
        {
            await uses.FlushAsync(cancellationToken);
        }
        catch (StoreUnavailableException e)
        {
            log.LogWarning(e, "Could not write last-used times of API keys; the next batch includes newer ones.");
        }
    }
}
