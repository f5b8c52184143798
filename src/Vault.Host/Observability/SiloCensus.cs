using System.Data.Common;
using System.Text.Json;
using Orleans.Runtime;
using Orleans.Runtime.Placement;
using Vault.Core.Errors;
using Vault.Core.Operations;
using Vault.Host.Grains;
using Vault.Host.Options;

namespace Vault.Host.Observability;

/// <summary>Who is in the cluster, from its own table, and what each member and Orleans' statistics say of it. Those that left are not listed.</summary>
internal sealed class SiloCensus(
    IGrainFactory grains, IMembershipTable table, IReminderTable reminders, OwnWord own, ILocalSiloDetails here, VaultOptions options, TimeProvider time) : IHostCensus
{
    private const string OurGrains = "Vault.Host.Grains.";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private IManagementGrain Management => grains.GetGrain<IManagementGrain>(0);

    public async Task<Result<HostCensus>> TakeAsync(CancellationToken cancellationToken)
    {
        try
        {
            // Not through Orleans' management grain, which may be on the very silo that does not answer.
            var members = (await table.ReadAllAsync(cancellationToken).WaitAsync(Patience, time, cancellationToken)).Members.Select(m => m.Item1);
            var standing = reminders.ReadRows(0, 0, cancellationToken).WaitAsync(Patience, time, cancellationToken);
            var hosts = await Task.WhenAll(members.Where(m => m.Status is not (SiloStatus.Dead or SiloStatus.None)).Select(m => StateAsync(m, cancellationToken)));
            return new HostCensus(options.Postgres ? options.Silo.Cluster : null, options.Silo.Shards, (await standing).Reminders.Count, [.. hosts.OrderBy(h => h.Address, StringComparer.Ordinal)]);
        }
        catch (Exception e) when (e is OrleansException or TimeoutException or DbException)
        {
            return new VaultError(ErrorCatalogue.ClusterUnavailable, "The cluster's own table cannot be read now, so nobody knows who is there.") { RetryAfter = TimeSpan.FromSeconds(2) };
        }
    }

    private async Task<HostState> StateAsync(MembershipEntry member, CancellationToken cancellationToken)
    {
        var (word, statistics) = (AskAsync(member.SiloAddress, cancellationToken), CountAsync(member.SiloAddress, cancellationToken));
        return new HostState(member.SiloAddress.ToParsableString(), member.SiloName, JsonNamingPolicy.SnakeCaseLower.ConvertName(member.Status.ToString()), new DateTimeOffset(DateTime.SpecifyKind(member.StartTime, DateTimeKind.Utc)))
        {
            Word = await word,
            Grains = await statistics,
        };
    }

    // Of itself a silo tells without a grain, whose place in the directory may be on one that does not answer.
    private Task<HostWord?> AskAsync(SiloAddress silo, CancellationToken cancellationToken) => silo.Equals(here.SiloAddress) ? Task.FromResult<HostWord?>(own.Of(options.Silo.RoleName)) : OrNothingAsync(
        () =>
        {
            RequestContext.Set(IPlacementDirector.PlacementHintKey, silo);
            return grains.GetGrain<ISiloWordGrain>(silo.ToParsableString()).TellAsync();
        },
        cancellationToken);

    private Task<IReadOnlyList<GrainCount>?> CountAsync(SiloAddress silo, CancellationToken cancellationToken) => OrNothingAsync<IReadOnlyList<GrainCount>?>(
        async () => [.. (await Management.GetSimpleGrainStatistics([silo]))
            .Select(s => (Type: s.GrainType.Split(',')[0], s.ActivationCount))
            .Where(s => s.Type.StartsWith(OurGrains, StringComparison.Ordinal) && s.Type != typeof(SiloWordGrain).FullName)
            .Select(s => new GrainCount(JsonNamingPolicy.SnakeCaseLower.ConvertName(s.Type[OurGrains.Length..].Replace("Grain", "", StringComparison.Ordinal)), s.ActivationCount))
            .OrderBy(s => s.Type, StringComparer.Ordinal)],
        cancellationToken);

    // A silo that is frozen, cut off or leaving does not keep the others from being told.
    private async Task<T?> OrNothingAsync<T>(Func<Task<T?>> ask, CancellationToken cancellationToken)
    {
        try
        {
            return await ask().WaitAsync(Patience, time, cancellationToken);
        }
        catch (Exception e) when (e is OrleansException or TimeoutException)
        {
            return default;
        }
    }
}
