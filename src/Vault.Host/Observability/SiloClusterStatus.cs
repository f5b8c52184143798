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
/// Who is in the cluster, from its own table, and what each member and Orleans' statistics say of it. Those that left
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
            var standing = reminders.ReadRows(0, 0, cancellationToken).WaitAsync(Timeout, time, cancellationToken);
            var hosts = await Task.WhenAll(members.Select(m => StateAsync(m, cancellationToken)));
            var cluster = options.Postgres ? options.Silo.Cluster : null;
            hosts = [.. hosts.OrderBy(h => h.Address, StringComparer.Ordinal)];
            return new ClusterStatus(cluster, assignment.Shards, (await standing).Reminders.Count, hosts)
            {
                OldestSweep = await OldestSweepAsync([.. hosts.Select(h => h.Report)], cancellationToken),
            };
        }
        catch (Exception e) when (e is OrleansException or TimeoutException or DbException)
        {
            return new VaultError(
                ErrorCatalogue.ClusterUnavailable,
                "The cluster's own table cannot be read now, so nobody knows who is there."
            )
            {
                RetryAfter = TimeSpan.FromSeconds(2),
            };
        }
    }

    /// <summary>For the metric: looks for shards that no host sweeps.</summary>
    public async Task WatchShardsAsync(CancellationToken cancellationToken)
    {
        try
        {
            var members = await MembersAsync(cancellationToken);
            var words = await Task.WhenAll(members.Select(m => AskAsync(m.SiloAddress, cancellationToken)));
            assignment.Unswept(await UnsweptSinceAsync(words, cancellationToken));
        }
        catch (Exception e) when (e is OrleansException or TimeoutException or DbException)
        {
            // What was seen last stays, and grows older. Others report that the database does not answer.
        }
    }

    // Not from Orleans' management grain, which may be on the very silo that does not answer.
    private async Task<IReadOnlyList<MembershipEntry>> MembersAsync(CancellationToken cancellationToken)
    {
        var all = await table.ReadAllAsync(cancellationToken).WaitAsync(Timeout, time, cancellationToken);
        return [.. all.Members.Select(m => m.Item1).Where(m => m.Status is not (SiloStatus.Dead or SiloStatus.None))];
    }

    private async Task<DateTimeOffset?> OldestSweepAsync(
        IReadOnlyList<HostStatus?> words,
        CancellationToken cancellationToken
    )
    {
        try
        {
            var unswept = await UnsweptSinceAsync(words, cancellationToken);
            return words.Select(w => w?.OldestSweep).Append(unswept).Min();
        }
#pragma warning disable CA1031 // Who is there is known all the same.
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return null;
        }
#pragma warning restore CA1031
    }

    // Of the shards that no host which answers calls its own: all that is known of them is their history. Null when
    // there are none, or when a host of an older version does not say which are its own.
    private async Task<DateTimeOffset?> UnsweptSinceAsync(
        IReadOnlyList<HostStatus?> words,
        CancellationToken cancellationToken
    )
    {
        if (words.Any(w => w is { Sweeps: null }))
            return null;
        var left = Enumerable.Range(0, assignment.Shards).Except(words.SelectMany(w => w?.Sweeps ?? []));
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

    // Of itself a silo tells without a grain, whose place in the directory may be on one that does not answer.
    private Task<HostStatus?> AskAsync(SiloAddress silo, CancellationToken cancellationToken) =>
        silo.Equals(here.SiloAddress)
            ? Task.FromResult<HostStatus?>(own.Of(options.Silo.RoleName))
            : OrNothingAsync(() => others.AskAsync(silo, Timeout, cancellationToken), cancellationToken);

    private Task<IReadOnlyList<GrainCount>?> CountAsync(SiloAddress silo, CancellationToken cancellationToken) =>
        OrNothingAsync<IReadOnlyList<GrainCount>?>(
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

    // A silo that is frozen, cut off or leaving does not keep the others from being told.
    private async Task<T?> OrNothingAsync<T>(Func<Task<T?>> ask, CancellationToken cancellationToken)
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
