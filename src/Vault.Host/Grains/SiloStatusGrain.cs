using Orleans.Placement;
using Orleans.Runtime;
using Vault.Core.Operations;
using Vault.Host.Observability;
using Vault.Host.Options;

namespace Vault.Host.Grains;

/// <summary>Reports the status of one silo, keyed by its address.</summary>
[Alias("vault.silo_status")]
public interface ISiloStatusGrain : IGrainWithStringKey
{
    /// <summary>Null when the grain was placed on another silo, because the silo of the key is gone.</summary>
    [Alias("get"), ResponseTimeout("00:00:05")]
    Task<HostStatus?> GetAsync();
}

/// <summary>Placed by the caller's placement hint, which is the silo of the key.</summary>
[RandomPlacement]
[GrainType("vault.silo_status")]
internal sealed class SiloStatusGrain(LocalHostStatus own, SiloSettings options, ILocalSiloDetails here)
    : Grain,
        ISiloStatusGrain
{
    public Task<HostStatus?> GetAsync()
    {
        if (here.SiloAddress.ToParsableString() == this.GetPrimaryKeyString())
            return Task.FromResult<HostStatus?>(own.Of(options.RoleName));
        DeactivateOnIdle();
        return Task.FromResult<HostStatus?>(null);
    }
}
