using Vault.Core.Callers;
using Vault.Core.Operations;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Health;

internal sealed record GrainCountView(string Type, int Activations);

/// <param name="Since">When it started.</param>
/// <param name="Shards">The shards of the due index that it sweeps; null, like role, version and refreshes_under_way,
/// when the host did not respond.</param>
/// <param name="OldestSweepAt">When the least recently swept of its shards was last swept completely.</param>
/// <param name="AccountsBegun">Due accounts for which a refresh began in its shards, including those begun by earlier
/// owners of the shards.</param>
/// <param name="Grains">Null without a cluster, or when the host did not respond.</param>
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

/// <param name="Cluster">The cluster's name; null for a single host.</param>
/// <param name="Shards">The number of shards of the due index.</param>
/// <param name="Reminders">Null without a cluster.</param>
/// <param name="OldestSweepAt">Over all shards, including those that no host sweeps; null when unknown.</param>
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

/// <summary>Shows internal host names and addresses, so it requires a platform administrator.</summary>
internal sealed class GetCluster(IClusterStatus hosts) : IRoute
{
    public Operation Operation { get; } =
        new("GET", "/v1/cluster", "getCluster", "List every host: address, start time and current work")
        {
            Tag = "Operating",
            Permission = Permission.Admin,
            Scope = Scope.Platform,
            Answer = typeof(ClusterView),
            Description =
                "Its silos with the active grains of each kind, the shards of the due index that each silo"
                + " sweeps, the time of its oldest sweep, and its refreshes in progress."
                + " On SQLite there is one silo.",
        };

    public async Task<Answer> HandleAsync(Call call, CancellationToken cancellationToken) =>
        Answer.From(await hosts.ReadAsync(cancellationToken), ClusterView.Of);
}
