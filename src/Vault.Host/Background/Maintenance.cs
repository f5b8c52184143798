using Vault.Core.Accounts;
using Vault.Core.Consent;
using Vault.Core.Errors;
using Vault.Core.Execution;
using Vault.Core.Ledger;
using Vault.Core.Offboarding;
using Vault.Core.Organizations;
using Vault.Core.Refresh;
using Vault.Core.Scopes;
using Vault.Host.Observability;
using Vault.Providers.Packs;

namespace Vault.Host.Background;

/// <summary>A periodic task. It may fail and is then simply run again.</summary>
/// <param name="AtStart">Runs first at startup instead of after the first interval.</param>
public sealed record MaintenanceTask(string Name, TimeSpan Every, bool AtStart, Func<CancellationToken, Task> Do);

/// <summary>
/// Runs the maintenance tasks: outbox into the ledger, unfinished cascades and key rotations, expired rows, idle
/// memory. Each task is idempotent and resumes after a crash, so several hosts may run the same one concurrently.
/// </summary>
public sealed class Maintenance(
    IReadOnlyList<MaintenanceTask> tasks,
    VaultMetrics metrics,
    TimeProvider time,
    ILogger<Maintenance> log
) : BackgroundService
{
    private const int Batch = 1_000;

    public static IReadOnlyList<MaintenanceTask> All(IServiceProvider services)
    {
        var time = services.GetRequiredService<TimeProvider>();
        var writer = services.GetRequiredService<LedgerWriter>();
        var organizations = services.GetRequiredService<IOrganizationStore>();
        var cascades = services.GetRequiredService<CascadeRunner>();
        var rotations = ActivatorUtilities.CreateInstance<KeyRotations>(services);
        var links = services.GetRequiredService<ILinkStore>();
        var consents = services.GetRequiredService<InterruptedConsents>();
        var answers = services.GetRequiredService<IIdempotencyStore>();
        var outputs = services.GetRequiredService<IOutputStore>();
        var uses = services.GetRequiredService<UseLog>();
        var accounts = services.GetRequiredService<IAccountStore>();
        var scopeLog = services.GetRequiredService<ScopeUseLog>();
        var scopeUses = services.GetRequiredService<IScopeUseStore>();
        var cache = services.GetRequiredService<CredentialCache>();
        var packs = services.GetRequiredService<PackCatalogue>();
        var census = services.GetRequiredService<SiloClusterStatus>();
        var refusals = services.GetRequiredService<AggregatedRefusals>();
        var alarms = ActivatorUtilities.CreateInstance<AuthenticationAlarm>(services);
        return
        [
            new("outbox", TimeSpan.FromSeconds(1), true, async ct => await writer.DrainOutboxAsync(ct)),
            new("cascades", TimeSpan.FromSeconds(15), true, async ct =>
            {
                foreach (var id in await organizations.FindCascadesAsync(Batch, ct))
                    await cascades.ResumeAsync(id, ct);
            }),
            new("key_rotation", TimeSpan.FromSeconds(30), true, rotations.ResumeAsync),
            new("interrupted_consents", TimeSpan.FromSeconds(15), true, ct => consents.SettleAsync(Batch, ct)),
            new("packs", TimeSpan.FromSeconds(5), false, packs.ReloadIfChangedAsync),
            new("expired_links", TimeSpan.FromMinutes(1), false, ct =>
                links.DeleteExpiredAsync(time.GetUtcNow() - TimeSpan.FromDays(1), Batch, ct)
            ),
            new("expired_answers", TimeSpan.FromMinutes(1), false, ct =>
                answers.DeleteExpiredAsync(time.GetUtcNow(), Batch, ct)
            ),
            new("expired_outputs", TimeSpan.FromMinutes(1), false, ct =>
                outputs.DeleteExpiredAsync(time.GetUtcNow(), Batch, ct)
            ),
            new("last_used", TimeSpan.FromSeconds(20), false, async ct =>
            {
                var taken = uses.Take();
                if (taken.Count > 0)
                    await accounts.TouchAsync(taken, ct);
            }),
            new("scope_uses", TimeSpan.FromSeconds(20), false, ct => scopeUses.AddAsync(scopeLog.Take(), ct)),
            new("refusals", TimeSpan.FromSeconds(15), false, ct => refusals.FlushAsync(all: false, ct)),
            new("failed_authentications", TimeSpan.FromMinutes(1), false, alarms.FlushAsync),
            new("unswept_shards", TimeSpan.FromSeconds(15), false, census.WatchShardsAsync),
            new("idle_credentials", TimeSpan.FromSeconds(30), false, _ =>
            {
                cache.Sweep(TimeSpan.FromMinutes(1));
                return Task.CompletedTask;
            }),
        ];
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(tasks.Select(c => RepeatAsync(c, stoppingToken)));

    private async Task RepeatAsync(MaintenanceTask task, CancellationToken stoppingToken)
    {
        var first = task.AtStart;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (!first)
                    await Task.Delay(task.Every, time, stoppingToken);
                first = false;
                await task.Do(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (StoreUnavailableException e)
            {
                log.LogWarning("{Task} cannot reach the store and will retry: {Reason}", task.Name, e.Message);
            }
#pragma warning disable CA1031 // A failed task is retried; the other tasks must continue.
            catch (Exception e)
            {
                metrics.Failed(task.Name, null, e);
            }
#pragma warning restore CA1031
        }
    }
}
