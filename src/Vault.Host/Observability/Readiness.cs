using Vault.Core.Errors;
using Vault.Core.Operations;
using Vault.Core.Packs;
using Vault.Storage;

namespace Vault.Host.Observability;

/// <summary>Ready when the store answers within two seconds and there are packs to serve.</summary>
public sealed class Readiness(VaultStore store, IPacks packs, TimeProvider time) : IReadiness
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public async Task<IReadOnlyList<string>> FaultsAsync(CancellationToken cancellationToken)
    {
        List<string> faults = [];
        try
        {
            await store.PingAsync(cancellationToken).WaitAsync(Patience, time, cancellationToken);
        }
        catch (Exception e) when (e is StoreUnavailableException or TimeoutException)
        {
            faults.Add("store");
        }

        if (packs.All.Count == 0) faults.Add("packs");
        return faults;
    }
}
