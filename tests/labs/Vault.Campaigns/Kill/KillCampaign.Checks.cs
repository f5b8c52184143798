using System.Diagnostics;
using Vault.Campaigns.Lab;
using Vault.Core.Accounts;
using Vault.TestKit;

namespace Vault.Campaigns.Kill;

/// <summary>What must hold after each strike.</summary>
public sealed partial class KillCampaign
{
    private async Task<Loss> VerifyAsync(
        LabAccount account,
        (string Point, string Where)? reached,
        bool inFlight,
        TimeSpan down,
        DateTime looked,
        CancellationToken cancellationToken
    )
    {
        var state = (await _world.RowAsync(account, cancellationToken)).State;
        var grant = _world.Sandbox.Grants.Get(account.Grant);
        var committed = state.Generation - account.FirstGeneration;
        var labelled = state.Status == AccountStatus.RequiresReauth && state.Reason == StatusReason.RefreshOutcomeLost;
        var here = reached is { } at && at.Where == account.Key.ToString();
        var round = $"round {_report.Rounds.Count + 1}, {account.User}";
        if (!labelled)
            _report.Violations.Add($"{round}: lost and called {state.Status} {state.Reason}");
        var sent = grant.Refreshes > committed;
        if (!sent)
            _report.Violations.Add($"{round}: lost although the provider has given no token that is not in the store");
        if (!grant.Alive && !sent)
            _report.Violations.Add($"{round}: the provider killed the grant: {grant.DeathReason}");
        if (!_world.Options.Strict && down < Window)
            _report.Violations.Add($"{round}: lost although the provider has a grace window");
        if (!_world.Options.Strict && down >= Window)
            _report.LostAfterWindow++;
        if (state.Doubt is null)
            _report.Violations.Add($"{round}: lost although no attempt is in doubt");
        if (state.Doubt is { } doubt)
            await WhoseAsync(round, doubt, inFlight, state.Failures > 0, looked, cancellationToken);
        if (here && reached!.Value.Point == "reply_committed")
            _report.Violations.Add($"{round}: lost although its reply was committed");
        if (_world.Options.Strict && grant.Refreshes - committed is not (0 or 1))
            _report.Violations.Add(
                $"{round}: the provider answered {grant.Refreshes} refreshes, {committed} are in the store"
            );
        return new Loss(
            account.User,
            labelled,
            sent,
            here && reached!.Value.Point is "reply_received" or "reply_sealed",
            state.Reason
        );
    }

    /// <summary>
    /// Only who was struck may leave an attempt without a word. One that lives and found no answer in time says so
    /// itself, and its failure is counted in the row.
    /// </summary>
    private async Task WhoseAsync(
        string round,
        InDoubtAttempts doubt,
        bool inFlight,
        bool reported,
        DateTime looked,
        CancellationToken cancellationToken
    )
    {
        var attempts = _attempts is null ? [] : await _attempts.HoldersAsync(doubt, cancellationToken);
        var mine = attempts.Where(a => _struck.Contains(a.Process)).ToList();
        if (_attempts is null ? inFlight : mine.Count > 0)
        {
            if (!inFlight)
                await _progress.WriteLineAsync(
                    $"{round}: lost by the struck process in an attempt that the look did not show: it began {(mine[0].At - looked).TotalSeconds:+0.0;-0.0} s from the end of the look"
                );
        }
        else if (reported)
        {
            _report.TimedOut++;
        }
        else
        {
            _report.Violations.Add(
                $"{round}: lost although no struck process was refreshing it, but {string.Join(", ", attempts.Select(a => "process " + a.Process).DefaultIfEmpty("nobody knows who"))}"
            );
        }
    }

    private async Task VerifyLedgerAsync(CancellationToken cancellationToken)
    {
        var ledger = await _world.VerifyLedgerAsync(cancellationToken);
        _report.LedgerEntries = ledger.Entries;
        if (ledger.First is { } fault)
            _report.Violations.Add($"the ledger does not verify: {fault.Fault} at {fault.FromSeq}: {fault.Detail}");
    }
}
