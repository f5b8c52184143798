using System.Reflection;
using Vault.Core.Operations;
using Vault.Core.Refresh;
using Vault.Host.Background;

namespace Vault.Host.Observability;

/// <summary>The status of this process.</summary>
public sealed class LocalHostStatus(AccountRefresher refresher, ShardAssignment assignment)
{
    private static readonly string Version = typeof(LocalHostStatus)
        .Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
        ?.InformationalVersion
        ?? "";

    public int AllShards => assignment.Shards;

    public int Shards => assignment.Owned.Count;

    public TimeSpan OldestSweepAge => assignment.OldestAge;

    public int RefreshesUnderWay => refresher.Underway.Count;

    public HostStatus Of(string role)
    {
        var mine = assignment.Owned;
        return new(role, Version, mine.Count, RefreshesUnderWay)
        {
            Sweeps = [.. mine],
            OldestSweep = assignment.OldestSweep,
            AccountsBegun = assignment.Begun,
        };
    }
}
