using System.Diagnostics;
using System.Reflection;
using Vault.Core.Accounts;
using Vault.Core.Connecting;
using Vault.Core.Errors;
using Vault.Core.Execution;
using Vault.Host.Background;

namespace Vault.Host.Observability;

/// <summary>What this process can say of itself.</summary>
public sealed class OwnWord(AccountRefresher refresher, SweepDuty duty)
{
    private static readonly string Version = typeof(OwnWord).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";

    public int AllShards => duty.Shards;

    public int Shards => duty.Mine.Count;

    public int RefreshesUnderWay => refresher.Underway.Count;

    public HostWord Of(string role) => new(role, Version, Shards, RefreshesUnderWay);
}

/// <summary>The embedded host knows of itself only: others on the same database are found by nobody, because none needs another.</summary>
public sealed class LoneHost(OwnWord own, PublicAddress address) : IHostCensus
{
    public Task<Result<HostCensus>> TakeAsync(CancellationToken cancellationToken)
    {
        using var process = Process.GetCurrentProcess();
        var self = new HostState(address.Base.AbsoluteUri, Environment.MachineName, "active", process.StartTime.ToUniversalTime()) { Word = own.Of("both") };
        return Task.FromResult<Result<HostCensus>>(new HostCensus(null, own.AllShards, null, [self]));
    }
}
