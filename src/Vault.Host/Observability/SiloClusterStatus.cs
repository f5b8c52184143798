using System.Data.Common;
using System.Text.Json;
using Orleans.Runtime;
using Vault.Core.Errors;
using Vault.Core.Operations;
using Vault.Host.Background;
using Vault.Host.Grains;
using Vault.Host.Options;

namespace Vault.Host.Observability;

/// <summary>
/// The cluster's members from the membership table, with each member's status and Orleans' statistics. Silos that left
/// are not listed.
/// </summary>
internal sealed class SiloClusterStatus(
    IGrainFactory grains,
    OtherSilos others,
    IMembershipTable table,
    IReminderTable reminders,
    LocalHostStatus own,
    ShardAssignment assignment,
    ShardHistory history,
    ILocalSiloDetails here,
    VaultOptions options,
    TimeProvider time
) : IClusterStatus
{
    private const string OurGrains = "Vault.Host.Grains.";
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(3);

    private IManagementGrain Management => grains.GetGrain<IManagementGrain>(0);

    public async Task<Result<ClusterStatus>> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            var members = await MembersAsync(cancellationToken);
            var reminderRows = reminders.ReadRows(0, 0, cancellationToken).WaitAsync(Timeout, time, cancellationToken);
            var hosts = await Task.WhenAll(members.Select(m => StateAsync(m, cancellationToken)));
            var cluster = options.Postgres ? options.Silo.Cluster : null;
            hosts = [.. hosts.OrderBy(h => h.Address, StringComparer.Ordinal)];
            return new ClusterStatus(cluster, assignment.Shards, (await reminderRows).Reminders.Count, hosts)
            {
                OldestSweep = await OldestSweepAsync([.. hosts.Select(h => h.Report)], cancellationToken),
            };
        }
        catch (Exception e) when (e is OrleansException or TimeoutException or DbException)
        {
            return new VaultError(
                ErrorCatalogue.ClusterUnavailable,
                "The cluster's membership table cannot be read, so its members are unknown."
            )
            {
                RetryAfter = TimeSpan.FromSeconds(2),
            };
        }
    }

    /// <summary>For the metric: finds shards that no host sweeps.</summary>
    public async Task WatchShardsAsync(CancellationToken cancellationToken)
    {
        try
        {
            var members = await MembersAsync(cancellationToken);
            var statuses = await Task.WhenAll(members.Select(m => AskAsync(m.SiloAddress, cancellationToken)));
            assignment.Unswept(await UnsweptSinceAsync(statuses, cancellationToken));
        }
        catch (Exception e) when (e is OrleansException or TimeoutException or DbException)
        {
            // Keep the last value; its age grows. Other checks report that the database does not respond.
        }
    }

    // Not from Orleans' management grain: it may be on a silo that does not respond.
    private async Task<IReadOnlyList<MembershipEntry>> MembersAsync(CancellationToken cancellationToken)
    {
        var all = await table.ReadAllAsync(cancellationToken).WaitAsync(Timeout, time, cancellationToken);
        return [.. all.Members.Select(m => m.Item1).Where(m => m.Status is not (SiloStatus.Dead or SiloStatus.None))];
    }

    private async Task<DateTimeOffset?> OldestSweepAsync(
        IReadOnlyList<HostStatus?> statuses,
        CancellationToken cancellationToken
    )
    {
        try
        {
            var unswept = await UnsweptSinceAsync(statuses, cancellationToken);
            return statuses.Select(s => s?.OldestSweep).Append(unswept).Min();
        }
#pragma warning disable CA1031 // The member list is still valid without this value.
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return null;
        }
#pragma warning restore CA1031
    }

    // The oldest sweep of the shards that no responding host owns, from their stored history. Null when there are none,
    // or when a host of an older version does not report its shards.
    private async Task<DateTimeOffset?> UnsweptSinceAsync(
        IReadOnlyList<HostStatus?> statuses,
        CancellationToken cancellationToken
    )
    {
        if (statuses.Any(s => s is { Sweeps: null }))
            return null;
        var left = Enumerable.Range(0, assignment.Shards).Except(statuses.SelectMany(s => s?.Sweeps ?? []));
        var kept = await Task.WhenAll(left.Select(shard => history.ReadAsync(shard, cancellationToken)));
        return kept.Min(k => (DateTimeOffset?)(k.State!.SweptAt ?? assignment.Start));
    }

    private async Task<HostState> StateAsync(MembershipEntry member, CancellationToken cancellationToken)
    {
        var (report, statistics) = (
            AskAsync(member.SiloAddress, cancellationToken),
            CountAsync(member.SiloAddress, cancellationToken)
        );
        return new HostState(
            member.SiloAddress.ToParsableString(),
            member.SiloName,
            JsonNamingPolicy.SnakeCaseLower.ConvertName(member.Status.ToString()),
            new DateTimeOffset(DateTime.SpecifyKind(member.StartTime, DateTimeKind.Utc))
        )
        {
            Report = await report,
            Grains = await statistics,
        };
    }

    // The own status needs no grain call: the directory entry of a grain may be on a silo that does not respond.
    private Task<HostStatus?> AskAsync(SiloAddress silo, CancellationToken cancellationToken) =>
        silo.Equals(here.SiloAddress)
            ? Task.FromResult<HostStatus?>(own.Of(options.Silo.RoleName))
            : OrNullAsync(() => others.AskAsync(silo, Timeout, cancellationToken), cancellationToken);

    private Task<IReadOnlyList<GrainCount>?> CountAsync(SiloAddress silo, CancellationToken cancellationToken) =>
        OrNullAsync<IReadOnlyList<GrainCount>?>(
            async () =>
                [
                    .. (await Management.GetSimpleGrainStatistics([silo]))
                        .Select(s => (Type: s.GrainType.Split(',')[0], s.ActivationCount))
                        .Where(s =>
                            s.Type.StartsWith(OurGrains, StringComparison.Ordinal)
                            && s.Type != typeof(SiloStatusGrain).FullName
                        )
                        .Select(s => new GrainCount(
                            JsonNamingPolicy.SnakeCaseLower.ConvertName(
                                s.Type[OurGrains.Length..].Replace("Grain", "", StringComparison.Ordinal)
                            ),
                            s.ActivationCount
                        ))
                        .OrderBy(s => s.Type, StringComparer.Ordinal),
                ],
            cancellationToken
        );

    // A silo that is frozen, unreachable or leaving must not prevent the status of the others.
    private async Task<T?> OrNullAsync<T>(Func<Task<T?>> ask, CancellationToken cancellationToken)
    {
        try
        {
            return await ask().WaitAsync(Timeout, time, cancellationToken);
        }
        catch (Exception e) when (e is OrleansException or TimeoutException)
        {
            return default;
        }
    }
}
