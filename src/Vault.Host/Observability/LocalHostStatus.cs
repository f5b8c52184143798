using System.Reflection;
using Vault.Core.Operations;
using Vault.Core.Refresh;
using Vault.Host.Background;

namespace Vault.Host.Observability;

/// <summary>What this process can say of itself.</summary>
public sealed class LocalHostStatus(AccountRefresher refresher, SweepDuty duty)
{
    private static readonly string Version = typeof(LocalHostStatus).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";

    public int AllShards => duty.Shards;

    public int Shards => duty.Mine.Count;

    public TimeSpan OldestSweepAge => duty.OldestAge;

    public int RefreshesUnderWay => refresher.Underway.Count;

    public HostStatus Of(string role)
    {
        var mine = duty.Mine;
        return new(role, Version, mine.Count, RefreshesUnderWay)
        {
            Sweeps = [.. mine],
            OldestSweep = duty.OldestSweep,
            AccountsBegun = duty.Begun,
        };
    }
}
