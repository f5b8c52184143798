using Orleans.Runtime.Services;
using Orleans.Services;

namespace Vault.Host.Cluster;

/// <summary>A health check on every silo.</summary>
[Alias("vault.silo_check")]
public interface ISiloCheck : IGrainService
{
    [Alias("check")]
    Task CheckAsync();
}

/// <summary>
/// A grain service instead of a grain: its id contains the silo, so a call needs no directory lookup, which could go to
/// a silo that does not respond.
/// </summary>
internal sealed class SiloCheck(GrainId id, Orleans.Runtime.Silo silo, ILoggerFactory log)
    : Orleans.Runtime.GrainService(id, silo, log),
        ISiloCheck
{
    public Task CheckAsync() => Task.CompletedTask;
}

/// <summary>The client of the service.</summary>
internal sealed class SiloCheckClient(IServiceProvider services) : GrainServiceClient<ISiloCheck>(services)
{
    public ISiloCheck Of(SiloAddress silo) => GetGrainService(silo);
}
