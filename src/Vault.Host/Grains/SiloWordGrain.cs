using Orleans.Placement;
using Orleans.Runtime;
using Vault.Core.Operations;
using Vault.Host.Observability;
using Vault.Host.Options;

namespace Vault.Host.Grains;

/// <summary>A silo asked for itself, keyed by its address.</summary>
[Alias("vault.silo_status")]
public interface ISiloWordGrain : IGrainWithStringKey
{
    /// <summary>Null when this is another silo: the one of the key is not there.</summary>
    [Alias("get"), ResponseTimeout("00:00:05")]
    Task<HostWord?> TellAsync();
}

/// <summary>Placed where its caller's placement hint says, which is the silo of its key.</summary>
[RandomPlacement]
[GrainType("vault.silo_status")]
internal sealed class SiloWordGrain(OwnWord own, SiloSettings options, ILocalSiloDetails here) : Grain, ISiloWordGrain
{
    public Task<HostWord?> TellAsync()
    {
        if (here.SiloAddress.ToParsableString() == this.GetPrimaryKeyString()) return Task.FromResult<HostWord?>(own.Of(options.RoleName));
        DeactivateOnIdle();
        return Task.FromResult<HostWord?>(null);
    }
}
