using Vault.Core.Callers;

namespace Vault.Host.Background;

/// <summary>Writes the failed authentications into the ledger and warns about networks that seem to guess.</summary>
internal sealed class AuthenticationAlarm(FailedAuthentications failures, ILogger<AuthenticationAlarm> log)
{
    // A client with a key that has ended tries once a second or so.
    private const int Suspicious = 100;

    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        foreach (var network in await failures.FlushAsync(cancellationToken))
        {
            if (network.Count >= Suspicious && log.IsEnabled(LogLevel.Warning))
                log.LogWarning(
                    "{Count} authentications failed within a minute from {Network}; keys tried: {Keys}",
                    network.Count,
                    network.Network,
                    string.Join(", ", network.KeyIds)
                );
        }
    }
}
