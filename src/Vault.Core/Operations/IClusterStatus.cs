using Vault.Core.Errors;

namespace Vault.Core.Operations;

/// <summary>The hosts that serve the vault together, for whoever operates it.</summary>
public interface IClusterStatus
{
    /// <summary>
    /// As of now, in bounded time. A host that does not answer is listed without what only it could say;
    /// <c>cluster_unavailable</c> when nobody knows who is there.
    /// </summary>
    Task<Result<ClusterStatus>> ReadAsync(CancellationToken cancellationToken);
}

/// <summary>Who serves the vault.</summary>
/// <param name="Cluster">The cluster's name; null for a host by itself.</param>
/// <param name="Shards">How many shards the due index has.</param>
/// <param name="Reminders">How many reminders stand; null without a cluster.</param>
public sealed record ClusterStatus(string? Cluster, int Shards, int? Reminders, IReadOnlyList<HostState> Hosts)
{
    /// <summary>
    /// When the shard that has waited longest was swept to its end, also of those that no host sweeps; null when that
    /// is not known.
    /// </summary>
    public DateTimeOffset? OldestSweep { get; init; }
}

/// <summary>One host.</summary>
/// <param name="Address">Where the other hosts reach it; of a host by itself, where its callers do.</param>
/// <param name="Status"><c>active</c>, or on its way there or away from it.</param>
/// <param name="Since">When it started.</param>
public sealed record HostState(string Address, string Name, string Status, DateTimeOffset Since)
{
    /// <summary>What it says of itself; null when it did not answer.</summary>
    public HostStatus? Report { get; init; }

    /// <summary>
    /// How many grains of a kind are active on it; null without a cluster, or when it did not answer.
    /// </summary>
    public IReadOnlyList<GrainCount>? Grains { get; init; }
}

/// <summary>What a host says of itself.</summary>
/// <param name="Role"><c>both</c>, <c>gateway</c> or <c>worker</c>.</param>
/// <param name="Shards">How many shards of the due index it sweeps.</param>
/// <param name="RefreshesUnderWay">Refreshes it has begun and not ended.</param>
public sealed record HostStatus(string Role, string Version, int Shards, int RefreshesUnderWay)
{
    /// <summary>The numbers of those shards; null from a host of a version that does not say so.</summary>
    public IReadOnlyList<int>? Sweeps { get; init; }

    /// <summary>When the one of them that has waited longest was swept to its end; null without a shard.</summary>
    public DateTimeOffset? OldestSweep { get; init; }

    /// <summary>
    /// How many due accounts were begun in them, on this host and those before it; null from a host of a version that
    /// does not say so.
    /// </summary>
    public long? AccountsBegun { get; init; }
}

/// <summary>Active grains of a kind on one host.</summary>
public sealed record GrainCount(string Type, int Activations);
