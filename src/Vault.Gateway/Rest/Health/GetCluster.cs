using Vault.Core.Callers;
using Vault.Core.Operations;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Health;

internal sealed record GrainCountView(string Type, int Activations);

/// <param name="Since">When it started.</param>
/// <param name="Shards">Shards of the due index that it sweeps; like role, version and refreshes_under_way null when it
/// did not answer.</param>
/// <param name="OldestSweepAt">
/// When the one of its shards that has waited longest was swept to its end: everything due in it had been begun.
/// </param>
/// <param name="AccountsBegun">
/// Due accounts that were begun in its shards, also on the hosts that swept them before it.
/// </param>
/// <param name="Grains">Null without a cluster, or when it did not answer.</param>
internal sealed record HostView(
    string Address,
    string Name,
    string Status,
    DateTimeOffset Since,
    string? Role,
    string? Version,
    int? Shards,
    int? RefreshesUnderWay,
    DateTimeOffset? OldestSweepAt,
    long? AccountsBegun,
    IReadOnlyList<GrainCountView>? Grains
);

/// <param name="Cluster">Its name; null for a host by itself.</param>
/// <param name="Shards">Of the due index, all.</param>
/// <param name="Reminders">Null without a cluster.</param>
/// <param name="OldestSweepAt">Of all shards, also those that no host sweeps; null when it is not known.</param>
internal sealed record ClusterView(
    string? Cluster,
    int Shards,
    int? Reminders,
    DateTimeOffset? OldestSweepAt,
    IReadOnlyList<HostView> Hosts
)
{
    public static ClusterView Of(ClusterStatus cluster) =>
        new(
            cluster.Cluster,
            cluster.Shards,
            cluster.Reminders,
            cluster.OldestSweep,
            [
                .. cluster.Hosts.Select(h => new HostView(
                    h.Address,
                    h.Name,
                    h.Status,
                    h.Since,
                    h.Report?.Role,
                    h.Report?.Version,
                    h.Report?.Shards,
                    h.Report?.RefreshesUnderWay,
                    h.Report?.OldestSweep,
                    h.Report?.AccountsBegun,
                    h.Grains?.Select(g => new GrainCountView(g.Type, g.Activations)).ToList()
                )),
            ]
        );
}

/// <summary>Names and addresses inside the operator's network: for administrators of the platform.</summary>
internal sealed class GetCluster(IClusterStatus hosts) : IRoute
{
    public Operation Operation { get; } =
        new("GET", "/v1/cluster", "getCluster", "Tell of every host: where, since when, and what it has in hand")
        {
            Tag = "Operating",
            Permission = Permission.Admin,
            Scope = Scope.Platform,
            Answer = typeof(ClusterView),
            Description =
                "Its silos, how many grains of each kind are active on each, which share of the due index it"
                + " sweeps, since when a shard of it waits at the longest, and how many refreshes it has under way."
                + " On SQLite there is one silo.",
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken) =>
        Answer.From(await hosts.ReadAsync(cancellationToken), ClusterView.Of);
}
