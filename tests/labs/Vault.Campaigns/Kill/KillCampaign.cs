using System.Diagnostics;
using Vault.Campaigns.Lab;
using Vault.Core.Accounts;
using Vault.TestKit;

namespace Vault.Campaigns.Kill;

/// <summary>
/// Strikes real hosts under load, again and again, and after each strike asks every account: does it answer, and if
/// not, does it say honestly that the outcome of a refresh was lost? The provider's own count tells what really
/// happened.
/// </summary>
public sealed partial class KillCampaign
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(90);

    /// <summary>
    /// The grace window, less the skew that is allowed for clocks and the life of an attempt. A machine too busy to
    /// start a process within it proves nothing.
    /// </summary>
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(25);

    private readonly LabWorld _world;
    private readonly KillReport _report;
    private readonly TextWriter _progress;
    private readonly Attempts? _attempts;
    private readonly HashSet<int> _struck = [];
    private IReadOnlyCollection<string> _acknowledged = [];

    private KillCampaign(LabWorld world, int seed, TextWriter progress)
    {
        (_world, _progress) = (world, progress);
        if (world.Database is { } database)
            _attempts = new Attempts(database);
        _report = new KillReport
        {
            Setting = world.Options.ToString(),
            Seed = seed,
            Lease = world.Options.Lease,
        };
    }

    /// <param name="options">The setting.</param>
    /// <param name="strikes">One after the other, each when the one before has been weathered.</param>
    /// <param name="seed">For the load.</param>
    /// <param name="progress">Gets a line per round.</param>
    /// <param name="cancellationToken">Stops everything that was started.</param>
    public static async Task<KillReport> RunAsync(
        LabOptions options,
        IReadOnlyList<Strike> strikes,
        int seed,
        TextWriter progress,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(strikes);
        var watch = Stopwatch.StartNew();
        await using var world = await LabWorld.StartAsync(options, cancellationToken);
        var campaign = new KillCampaign(world, seed, progress);
        if (campaign._attempts is { } attempts)
            await attempts.KeepAsync(cancellationToken);
        await using (var load = new Load(world, seed))
        {
            for (var round = 0; round < strikes.Count; round++)
            {
                await campaign.RoundAsync(round, strikes[round], cancellationToken);
                if (round % 50 == 49)
                    await campaign.VerifyLedgerAsync(cancellationToken);
            }

            await load.StopAsync();
            (campaign._report.Calls, campaign._report.WritesAcknowledged, campaign._report.Answers) = (
                load.Calls,
                load.WritesAcknowledged.Count,
                load.Answers
            );
            campaign._acknowledged = [.. load.WritesAcknowledged];
        }

        await campaign.FinishAsync(cancellationToken);
        campaign._report.Took = watch.Elapsed;
        return campaign._report;
    }

    private async Task RoundAsync(int number, Strike strike, CancellationToken cancellationToken)
    {
        var victim = _world.Hosts[strike.Victim];
        var before = _world.Sandbox.Counters;
        _struck.Add(victim.Id);
        var reached = await StrikeAsync(strike, victim, cancellationToken);

        // Before anybody takes over: whose refresh the victim was in the middle of.
        var inFlight = await HeldByAsync(victim, cancellationToken);
        var (struck, looked) = (Stopwatch.StartNew(), DateTime.UtcNow);
        var others = await UndisturbedAsync(strike.Victim, inFlight, cancellationToken);
        if (strike.Freeze)
        {
            if (_world.Options.Frozen - struck.Elapsed is { Ticks: > 0 } left)
                await Task.Delay(left, cancellationToken);
            if (await victim.WakeAsync(cancellationToken))
                _report.EndedThemselves++;
        }
        else
        {
            victim.Start();
        }

        var watch = Stopwatch.StartNew();
        var ready = ReadyAsync(victim, watch, cancellationToken);
        var settled = await Task.WhenAll(
            _world.Accounts.Select(a =>
                SettleAsync(
                    a,
                    inFlight.TryGetValue(a, out var state) ? state : null,
                    strike.Freeze,
                    watch,
                    cancellationToken
                )
            )
        );
        await ready;
        var after = _world.Sandbox.Counters;
        List<Loss> losses = [];
        foreach (var (account, at, lost) in settled.Where(s => s.Lost))
            losses.Add(
                await VerifyAsync(account, reached, inFlight.ContainsKey(account), at, looked, cancellationToken)
            );
        var round = new KillRound(
            number,
            strike.Name,
            strike.Freeze,
            reached?.Point,
            inFlight.Count,
            losses,
            settled.Select(s => s.Recovered).Max(),
            after.Refreshes - before.Refreshes,
            after.RefreshReplays - before.RefreshReplays,
            await ready,
            others
        );
        _report.Rounds.Add(round);
        await _progress.WriteLineAsync(
            $"round {number + 1, 4}: {(strike.Freeze ? "freeze" : "kill  ")} at {strike.Name, -15} {inFlight.Count, 2} in flight, {losses.Count} lost, usable after {round.Recovered.TotalSeconds:0.0} s{(others is { } o ? $"; the other accounts through the other silos {o.TotalSeconds:0.0} s after the strike" : "")}"
        );
        foreach (var (account, _, _) in settled.Where(s => s.Lost))
            await _world.ConnectAsync(account, cancellationToken);
    }

    /// <summary>
    /// In a cluster, while the victim is still down or frozen: until every account that it was not refreshing answers
    /// through the others. Null for hosts without a cluster.
    /// </summary>
    private async Task<TimeSpan?> UndisturbedAsync(
        int victim,
        Dictionary<LabAccount, AccountState> inFlight,
        CancellationToken cancellationToken
    )
    {
        if (!_world.Options.Postgres)
            return null;
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(
            _world
                .Accounts.Where(a => !inFlight.ContainsKey(a))
                .Select(
                    async (account, n) =>
                    {
                        var i = n;
                        var wait = await Eventually.TryUntilAsync(
                            () =>
                                _world.ExecuteAsync(
                                    (victim + 1 + (i++ % (_world.Hosts.Count - 1))) % _world.Hosts.Count,
                                    account,
                                    write: false,
                                    cancellationToken
                                ),
                            answer => answer.IsOk || answer.IsLost,
                            Timeout,
                            cancellationToken: cancellationToken
                        );
                        if (!wait.Met)
                            _report.Violations.Add(
                                $"{account.User}, which the victim was not refreshing, does not answer through the other silos: {wait.Last}"
                            );
                    }
                )
        );
        return watch.Elapsed;
    }

    private static async Task<TimeSpan> ReadyAsync(
        HostProcess victim,
        Stopwatch watch,
        CancellationToken cancellationToken
    )
    {
        await victim.ReadyAsync(cancellationToken);
        return watch.Elapsed;
    }

    /// <summary>Strikes, and answers which point was reached and for which account; null at a random moment.</summary>
    private static async Task<(string Point, string Where)?> StrikeAsync(
        Strike strike,
        HostProcess victim,
        CancellationToken cancellationToken
    )
    {
        var signal = strike.Freeze ? Signal.Stop : Signal.Kill;
        if (strike.Point is { } point)
        {
            victim.Arm(point, strike.Freeze ? "STOP" : "KILL");
            await Eventually.TryUntilAsync(
                () => Task.FromResult(victim.Reached()),
                reached => reached is not null,
                Timeout,
                HostProcess.Moment,
                cancellationToken
            );
            if (victim.Reached() is null && victim.Disarm())
                victim.Send(signal);
        }
        else
        {
            await Task.Delay(strike.After, cancellationToken);
            victim.Send(signal);
        }

        if (!strike.Freeze)
            await victim.ExitedAsync(cancellationToken);
        return victim.Reached();
    }

    private async Task<Dictionary<LabAccount, AccountState>> HeldByAsync(
        HostProcess victim,
        CancellationToken cancellationToken
    )
    {
        Dictionary<LabAccount, AccountState> held = [];
        foreach (var account in _world.Accounts)
        {
            var state = (await _world.RowAsync(account, cancellationToken)).State;
            if (state.Intent is { } intent && intent.Holder.Contains($"/{victim.Id}/", StringComparison.Ordinal))
                held[account] = state;
        }

        return held;
    }

    /// <summary>
    /// Calls until the account answers with data or says that it is lost; answers when it first did. An account that
    /// was in the middle of a refresh is settled only when that refresh is: until then the old access token may serve
    /// it.
    /// </summary>
    private async Task<(LabAccount Account, TimeSpan Recovered, bool Lost)> SettleAsync(
        LabAccount account,
        AccountState? open,
        bool heals,
        Stopwatch watch,
        CancellationToken cancellationToken
    )
    {
        TimeSpan? usable = null;
        var i = 0;
        var wait = await Eventually.TryUntilAsync(
            async () =>
            {
                var answer = await _world.ExecuteAsync(
                    i++ % _world.Hosts.Count,
                    account,
                    write: false,
                    cancellationToken
                );
                if (answer.IsLost)
                    return (Answer: answer, Settled: !await HealsAsync(account, heals, cancellationToken));
                if (!answer.IsOk)
                    return (Answer: answer, Settled: false);
                usable ??= watch.Elapsed;
                return (
                    Answer: answer,
                    Settled: open is null
                        || (await _world.RowAsync(account, cancellationToken)).State.Generation > open.Generation
                );
            },
            look => look.Settled,
            Timeout,
            cancellationToken: cancellationToken
        );
        if (wait.Met)
            return (account, usable ?? watch.Elapsed, wait.Last.Answer.IsLost);
        _report.Violations.Add(
            $"{account.User} is not settled {Timeout.TotalSeconds:0} s after a strike: {wait.Last.Answer}"
        );
        return (account, watch.Elapsed, false);
    }

    /// <summary>
    /// A process that was frozen and wakes up may still hold the reply, or know that it never sent: then it heals what
    /// another host has given up meanwhile. One that was killed tells nothing any more.
    /// </summary>
    private async Task<bool> HealsAsync(LabAccount account, bool mayHeal, CancellationToken cancellationToken)
    {
        async Task<AccountStatus> StatusAsync() => (await _world.RowAsync(account, cancellationToken)).State.Status;
        var status = mayHeal
            ? (
                await Eventually.TryUntilAsync(
                    StatusAsync,
                    s => s == AccountStatus.Active,
                    _world.Options.TokenTimeout * 2,
                    cancellationToken: cancellationToken
                )
            ).Last
            : await StatusAsync();
        if (status == AccountStatus.Active)
            _report.Healed++;
        return status == AccountStatus.Active;
    }

    /// <summary>
    /// What a round cannot see: a token in the store that the provider would not take, a chain that is broken, a state
    /// that the ledger does not tell of.
    /// </summary>
    private async Task FinishAsync(CancellationToken cancellationToken)
    {
        foreach (var account in _world.Accounts)
            await SettleAsync(account, null, heals: false, Stopwatch.StartNew(), cancellationToken);
        _report.Violations.AddRange(await Audit.RefreshEveryAccountAsync(_world, cancellationToken));
        await VerifyLedgerAsync(cancellationToken);
        _report.Violations.AddRange(await Audit.LedgerAgreesAsync(_world, cancellationToken));
        var counters = _world.Sandbox.Counters;
        _report.WritesAtProvider = counters.ApiCallsByPath.GetValueOrDefault("POST /api/items");
        _report.FamiliesKilled = counters.FamiliesKilled;
        _report.ReplaysOutsideGrace = counters.RefreshReplays - counters.RefreshGraceReuses;

        // A grant whose last response nobody has is presented once more: it was lost before.
        var useless = _report.Rounds.Sum(r => r.Losses.Count(l => l.Sent));
        if (counters.FamiliesKilled > useless)
            _report.Violations.Add(
                $"the provider killed {counters.FamiliesKilled} families, and {useless} grants were lost before"
            );
        if (_report.ReplaysOutsideGrace > useless)
            _report.Violations.Add(
                $"{_report.ReplaysOutsideGrace} refresh tokens came twice outside a grace window, and {useless} grants were lost before"
            );
        var (wrong, endMissing) = await Audit.WritesAreInTheLedgerAsync(
            _world,
            _report.WritesAtProvider,
            _acknowledged,
            cancellationToken
        );
        _report.Violations.AddRange(wrong);
        _report.WritesWithoutEnd = endMissing;
    }
}
