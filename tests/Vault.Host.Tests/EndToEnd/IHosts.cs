namespace Vault.Host.Tests.EndToEnd;

/// <summary>What the suite runs on: one silo, the silos of a test cluster, or silos that are processes.</summary>
public interface IHosts
{
    /// <param name="hosts">How many there are at least; a cluster has three.</param>
    /// <param name="postgres">Whether it must be PostgreSQL; a cluster's always is.</param>
    /// <param name="options">Options of the hosts and their values, one after the other.</param>
    Task<World> StartAsync(int hosts = 1, bool postgres = false, params string[] options);
}
