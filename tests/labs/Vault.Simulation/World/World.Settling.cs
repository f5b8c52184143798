using Vault.Core.Accounts;
using Vault.Core.Execution;
using Vault.Core.Identity;
using Vault.Core.Packs;

namespace Vault.Simulation;

/// <summary>The world is kind again: no troubles, an open gate, time to wait. Then the promises are judged.</summary>
internal sealed partial class World
{
    private const int MaxRounds = 14;
    private const int MaxSettlingSteps = 3_000;

    /// <summary>How it ended.</summary>
    public string? Ending { get; private set; }

    public async Task SettleAsync(Func<ValueTask> quiet)
    {
        if (Broken is not null)
            return;
        Settling = true;
        Say(() => "-- from here on everything heals that can --");
        (_storeDownUntil, _providerDownUntil, _keysAwayUntil) = (default, default, default);
        foreach (var host in Hosts)
        {
            host.Disk.Full = false;
            host.FrozenUntil = default;
        }

        await FinishAsync(quiet);

        // A host drains its disk every second; it must not wait for the leaps below.
        foreach (var host in Hosts)
        {
            Begin(host.DrainAsync(), host, "drain");
            await FinishAsync(quiet);
        }

        for (var round = 0; round < 3 && ShutAt is not null && Broken is null; round++)
        {
            Begin(Hosts[0].ResumeAsync(), Hosts[0], "resume");
            await FinishAsync(quiet);
        }

        for (var round = 0; round < MaxRounds && Broken is null && (round == 0 || !IsSettled()); round++)
        {
            // An account in doubt lives on its access token; what is true of the grant shows when that has run out.
            Pass(
                Subjects.Exists(s => RowOf(s).State is { Status: AccountStatus.Active, Doubt: not null })
                    ? SimEndpoint.AccessLife
                    : TimeSpan.FromMinutes(3)
            );
            foreach (var host in Hosts)
            {
                Begin(host.SweepAsync(), host, "sweep");
                await FinishAsync(quiet);
            }

            foreach (var subject in Subjects)
            {
                var host = Hosts[round % Hosts.Count];
                Begin(host.ExecuteAsync(subject, write: false), host, "read");
                await FinishAsync(quiet);
            }
        }

        foreach (var subject in Subjects)
            if (Broken is null)
                await VerifyAsync(subject, quiet);
    }

    /// <summary>Runs what is under way to its end; where everybody waits for time, time passes.</summary>
    private async Task FinishAsync(Func<ValueTask> quiet)
    {
        for (var steps = 0; Broken is null; steps++)
        {
            Tidy();
            await quiet();
            Look();
            if (_ready.Count + _due.Count > 0)
                Move(Dice.Below(_ready.Count + _due.Count));
            else if (_doing.Count == 0 && Calls.Count == 0)
                return;
            else if (Timers.Count > 0)
                Pass(Timers.Min(t => t.Due) - Now + TimeSpan.FromMilliseconds(1));
            else
                Break("somebody waits for nothing: " + string.Join(", ", _doing.Select(d => d.What)));
            Steps++;
            await quiet();
            if (steps > MaxSettlingSteps)
                Break("it does not come to an end: " + string.Join(", ", _doing.Select(d => d.What)));
        }
    }

    private bool IsSettled() =>
        Hosts.All(h => h.Disk.Count == 0)
        && Subjects.TrueForAll(s =>
            RowOf(s).State is var state
            && state.Intent is null
            && state.Revocation != UpstreamRevocation.Pending
            && (state.Status != AccountStatus.Active || (state.Doubt is null && AccountSchedule.IsLive(state, Now)))
        );

    private async Task VerifyAsync(Subject subject, Func<ValueTask> quiet)
    {
        var row = RowOf(subject);
        var state = row.State;
        Ending = state.Status + (state.Reason is null ? "" : " " + state.Reason);
        using var grant = Scene.Open(row);
        var token = grant?.RefreshToken?.RevealText() ?? "nothing";
        Say(() =>
            $"ends as {Story.Brief(state)}, holding {token}; alive at the provider: {string.Join(", ", Provider.Alive)}"
        );
        if (subject.LedgerStatus != state.Status)
            Break($"the ledger says {subject.LedgerStatus} and the row says {state.Status}");
        switch (state.Status)
        {
            case AccountStatus.Active or AccountStatus.RequiresReauth when subject.SleptOver:
                break;
            case AccountStatus.Active when subject.UserRevoked && !Provider.IsGood(token, Now):
                // Nothing has asked the provider since. The next refresh must find it out.
                Begin(Hosts[0].AskAsync(subject), Hosts[0], "ask");
                await FinishAsync(quiet);
                if (RowOf(subject).State.Status == AccountStatus.Active)
                    Break("silent loss: the user has revoked the grant, a refresh was made, and the account is ACTIVE");
                break;
            case AccountStatus.Active when !Provider.IsGood(token, Now):
                Break("silent loss: the account is ACTIVE and its refresh token is dead");
                break;
            case AccountStatus.Active:
                await MustWorkAsync(subject, quiet);
                break;
            case AccountStatus.Revoked
                when subject.RevokedFamily is { } family
                    && state.Revocation != UpstreamRevocation.Refused
                    && Provider.Alive.FirstOrDefault(t => FamilyOf(t) == family && !subject.Lost.Contains(t))
                        is { } alive
                    && Plan.Rotation != Rotation.SingleUse:
                Break(
                    $"silent loss: the account is REVOKED, {alive} lives at the provider, and its reply was not lost"
                );
                break;
            case AccountStatus.Revoked:
                break;
            case AccountStatus.RequiresReauth when state.Reason == StatusReason.RefreshOutcomeLost:
                if (!subject.MayBeInDoubt)
                    Break("a loss without a cause: no reply was lost, and the account says that one was");
                if (Provider.IsGood(token, Now))
                    Break("a grant is given up that the provider would have renewed");
                break;
            case AccountStatus.RequiresReauth when state.Reason == StatusReason.GrantRevoked && subject.UserRevoked:
                break;
            case AccountStatus.RequiresReauth:
                Break($"mislabelled: nobody revoked the grant, and the account says {state.Reason}");
                break;
            default:
                Break("the account ended in a status that nothing leads to: " + Ending);
                break;
        }
    }

    private async Task MustWorkAsync(Subject subject, Func<ValueTask> quiet)
    {
        var answer = Hosts[^1].ExecuteAsync(subject, write: true);
        Begin(answer, Hosts[^1], "write");
        await FinishAsync(quiet);
        if (Broken is null && (await answer) is { Outcome: not Outcome.Succeeded } refused)
            Break(
                $"stuck: the account is ACTIVE and an execution says {refused.Error?.Code.Code ?? refused.Outcome.ToString()}"
            );
    }
}
