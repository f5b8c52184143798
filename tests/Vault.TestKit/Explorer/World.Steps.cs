using Vault.Core.Accounts;
using Vault.Core.Identity;
using Vault.Core.Packs;

namespace Vault.TestKit.Explorer;

/// <summary>The possible next steps and their execution.</summary>
internal sealed partial class World
{
    private const long BeyondFreshness = 2;

    /// <summary>Past the lease on every clock within the allowed skew.</summary>
    private long BeyondLease => (long)(Options.Lifecycle.Lease + (Options.Lifecycle.ClockSkew * 2)).TotalSeconds + 1;

    /// <summary>Past the horizon on every clock within the allowed skew.</summary>
    private long BeyondHorizon =>
        (long)(Options.Lifecycle.Horizon + (Options.Lifecycle.ClockSkew * 2)).TotalSeconds + 1;

    /// <summary>Past the lease on a clock that is fast by the allowed skew, and not on the holder's clock.</summary>
    private long NearLease => (long)(Options.Lifecycle.Lease - Options.Lifecycle.ClockSkew).TotalSeconds;

    public List<Choice> Choices()
    {
        var choices = new List<Choice>(16);
        if (End is not null || Broken is not null)
            return choices;
        for (var i = 0; i < Hosts.Count; i++)
        {
            var host = Hosts[i];
            if (host.Ticket is { } ticket)
                Turns(choices, i, host, ticket);
            else if (
                host.Attempts > 0
                && (i == 0 || Hosts[i - 1].Attempts < Options.Attempts || Hosts[i - 1].Holder[^1] != '1')
            )
            {
                // Hosts are identical: the second begins only after the first has begun; otherwise every schedule
                // would be visited twice.
                choices.Add(new(Deed.Begin, i));
                if (host.Spool.Replies.Count > 0)
                    choices.Add(new(Deed.Drain, i));
            }
        }

        if (Revoker.Ticket is { } revoking)
            Turns(choices, -1, Revoker, revoking);
        else if (Revoker.Attempts > 0)
            choices.Add(new(Deed.Revoke, -1));
        if (Options.Faults.HasFlag(Faults.Gate) && ShutAt is null)
            choices.Add(new(Deed.ShutGate));
        if (Leaps > 0 && TimeMatters)
        {
            if ((Options.Faults & (Faults.Revoke | Faults.Gate)) != 0)
                choices.Add(new(Deed.Leap, Seconds: BeyondFreshness));
            if (Options.Faults.HasFlag(Faults.Clock))
                choices.Add(new(Deed.Leap, Seconds: NearLease));
            choices.Add(new(Deed.Leap, Seconds: BeyondLease));
            if (Stored.Row.State.Doubt is not null && Options.Rotation is Rotation.FamilyKill or Rotation.Grace)
                choices.Add(new(Deed.Leap, Seconds: BeyondHorizon));
            if (Options.Rotation == Rotation.Grace)
                choices.Add(new(Deed.Leap, Seconds: (long)Options.Grace.TotalSeconds + 1));
        }

        if (Options.Faults.HasFlag(Faults.Clock) && Budget > 0)
        {
            // Without jumps only the last host's clock is wrong, because only the difference matters.
            for (var i = Options.Faults.HasFlag(Faults.ClockJump) ? 0 : Hosts.Count - 1; i < Hosts.Count; i++)
                foreach (var sign in new[] { -1, 1 })
                    if (Hosts[i].ClockError == TimeSpan.Zero && MayBeSet(Hosts[i]))
                        choices.Add(
                            new(Deed.SetClock, i, Seconds: sign * (long)Options.Lifecycle.ClockSkew.TotalSeconds)
                        );
        }

        if (Everyone.All(h => h.Ticket is null))
            choices.Add(new(Deed.Settle));
        return choices;
    }

    private bool MayBeSet(WorldHost host) =>
        Options.Faults.HasFlag(Faults.ClockJump)
            ? host.Ticket is null or { Port: Port.Pause or Port.Reply }
            : host.Ticket is null && host.Attempts == Options.Attempts;

    // With an unchanged row and idle hosts, a time jump leads to an equivalent state.
    private bool TimeMatters =>
        Everyone.Any(h => h.Ticket is not null)
        || Stored.Row.State is not { Intent: null, CooldownUntil: null, Doubt: null }
        || ShutAt is not null
        || RevokedAt is not null;

    private void Turns(List<Choice> choices, int index, WorldHost host, Ticket ticket)
    {
        choices.Add(new(Deed.Continue, index));
        var late = ticket.Port == Port.Reply && host.Clock.GetUtcNow() >= ticket.Deadline;
        if (late)
            choices.Add(new(Deed.Continue, index, Turn.Lost));
        if (Budget == 0)
            return;
        var faults = Options.Faults;
        if (ticket.Port == Port.Write && faults.HasFlag(Faults.Store))
        {
            choices.Add(new(Deed.Continue, index, Turn.Refused));
            choices.Add(new(Deed.Continue, index, Turn.Unanswered));
        }

        if (ticket.Port is Port.Send or Port.RevokeUpstream && faults.HasFlag(Faults.Outage))
            choices.Add(new(Deed.Continue, index, Turn.Outage));
        if (ticket.Port == Port.Send && faults.HasFlag(Faults.LostReply))
            choices.Add(new(Deed.Continue, index, Turn.Broken));
        if (ticket.Port == Port.Reply && !late && faults.HasFlag(Faults.LostReply))
            choices.Add(new(Deed.Continue, index, Turn.Lost));
        if (faults.HasFlag(Faults.Crash))
            choices.Add(new(Deed.Crash, index));
    }

    public void Do(Choice choice)
    {
        if (Verbose)
            _log.Add(
                $"{(Now - Scene.Origin).TotalSeconds, 6} s  {choice}"
                    + (choice.Deed == Deed.Continue ? ": " + Of(choice).Ticket?.About : "")
            );
        var host = Of(choice);
        switch (choice.Deed)
        {
            case Deed.Begin:
                host.BeginRefresh();
                break;
            case Deed.Drain:
                host.Attempts--;
                host.BeginDrain();
                break;
            case Deed.Continue:
                Continue(host, choice.Turn);
                break;
            case Deed.Crash:
                Budget--;
                _crashed = true;
                host.Crash();
                break;
            case Deed.Revoke:
                host.BeginRevoke();
                break;
            case Deed.ShutGate:
                Stored.Gate = new Gate(false, Stored.Gate.Epoch + 1);
                ShutAt = Now;
                break;
            case Deed.Leap:
                Leaps--;
                MayDoubt |= Everyone.Any(h => h.Ticket is not null || h.Scarred);
                Now += TimeSpan.FromSeconds(choice.Seconds);
                break;
            case Deed.SetClock:
                Budget--;
                host.ClockError = TimeSpan.FromSeconds(choice.Seconds);
                break;
            default:
                Settle();
                break;
        }

        MayDoubt |= MayHaveLost;
        foreach (var process in Everyone)
            if (process.Rest() is { } failure)
                Break(failure);
        if (Stored.Row.State.Status == AccountStatus.RequiresReauth && !MayDoubt)
            Break("mislabelled: every response arrives in time, and the account says that one was lost");
        if (Stored.Commits.Any(c => c.Value > 1))
            Break("a generation was committed twice");
    }

    private WorldHost Of(Choice choice) => choice.Host < 0 ? Revoker : Hosts[choice.Host];

    private void Continue(WorldHost host, Turn turn)
    {
        var ticket = host.Ticket!;
        host.Ticket = null;
        var free = turn == Turn.Go || (turn == Turn.Lost && host.Clock.GetUtcNow() >= ticket.Deadline);
        if (!free)
            Budget--;
        if (turn is Turn.Refused or Turn.Unanswered)
            host.Scarred = true;
        ticket.Source.SetResult(turn);
    }
}
