using Vault.Core.Errors;

namespace Vault.Core.Operations;

/// <summary>Lists the hosts that serve the vault together, for operators.</summary>
public interface IClusterStatus
{
    /// <summary>
    /// The current state, in bounded time. A host that does not respond is listed without its own report. Fails with
    /// <c>cluster_unavailable</c> when the membership cannot be read.
    /// </summary>
    Task<Result<ClusterStatus>> ReadAsync(CancellationToken cancellationToken);
}

/// <summary>The hosts of the cluster and the state of the due index.</summary>
/// <param name="Cluster">The cluster's name; null for a single host.</param>
/// <param name="Shards">How many shards the due index has.</param>
/// <param name="Reminders">How many reminders are registered; null without a cluster.</param>
public sealed record ClusterStatus(string? Cluster, int Shards, int? Reminders, IReadOnlyList<HostState> Hosts)
{
    /// <summary>
    /// When the shard that has waited longest was last swept to its end. Includes shards that no host owns. Null when
    /// unknown.
    /// </summary>
    public DateTimeOffset? OldestSweep { get; init; }
}

/// <summary>One host.</summary>
/// <param name="Address">The address for other hosts; for a single host, the address for its callers.</param>
/// <param name="Status"><c>active</c>, or a state of starting or stopping.</param>
/// <param name="Since">When it started.</param>
public sealed record HostState(string Address, string Name, string Status, DateTimeOffset Since)
{
    /// <summary>The host's own report; null when it did not respond.</summary>
    public HostStatus? Report { get; init; }

    /// <summary>
    /// The number of active grains of each type on the host; null without a cluster or when it did not respond.
    /// </summary>
    public IReadOnlyList<GrainCount>? Grains { get; init; }
}

/// <summary>A host's report about itself.</summary>
/// <param name="Role"><c>both</c>, <c>gateway</c> or <c>worker</c>.</param>
/// <param name="Shards">How many shards of the due index it sweeps.</param>
/// <param name="RefreshesUnderWay">Refreshes that the host has started and not finished.</param>
public sealed record HostStatus(string Role, string Version, int Shards, int RefreshesUnderWay)
{
    /// <summary>The numbers of those shards; null from an older host that does not report them.</summary>
    public IReadOnlyList<int>? Sweeps { get; init; }

    /// <summary>When the longest waiting of those shards was last swept to its end; null without a shard.</summary>
    public DateTimeOffset? OldestSweep { get; init; }

    /// <summary>
    /// How many due accounts were started in those shards, by this host and their previous owners; null from an older
    /// host that does not report it.
    /// </summary>
    public long? AccountsBegun { get; init; }
}

/// <summary>The number of active grains of one type on one host.</summary>
public sealed record GrainCount(string Type, int Activations);
