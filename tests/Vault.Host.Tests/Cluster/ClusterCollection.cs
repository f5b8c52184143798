namespace Vault.Host.Tests.Cluster;

/// <summary>
/// Tests that start several silos each, or time what silos do: one after the other, and with no other test beside them.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public static class ClusterCollection
{
    public const string Name = "several silos";
}
