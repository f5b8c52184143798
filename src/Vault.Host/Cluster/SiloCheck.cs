using Orleans.Runtime.Services;
using Orleans.Services;

namespace Vault.Host.Cluster;

/// <summary>A service of every silo that only answers.</summary>
[Alias("vault.silo_check")]
public interface ISiloCheck : IGrainService
{
    [Alias("check")]
    Task CheckAsync();
}

/// <summary>
/// A grain service and no grain, because a message to it names its silo: it is not looked up in the directory, whose
/// part may be on a silo that does not answer.
/// </summary>
internal sealed class SiloCheck(GrainId id, Orleans.Runtime.Silo silo, ILoggerFactory log)
    : Orleans.Runtime.GrainService(id, silo, log),
        ISiloCheck
{
    public Task CheckAsync() => Task.CompletedTask;
}

/// <summary>The way to it.</summary>
internal sealed class SiloCheckClient(IServiceProvider services) : GrainServiceClient<ISiloCheck>(services)
{
    public ISiloCheck Of(SiloAddress silo) => GetGrainService(silo);
}
