using Vault.Core.OAuth;

namespace Vault.Simulation;

/// <summary>What may happen next, and how it happens.</summary>
internal sealed partial class World
{
    private const int MaxSteps = 400;
    private readonly List<Call> _ready = [];
    private readonly List<SimTimer> _due = [];
    private readonly List<(Task Task, SimHost Host, int Life, string What)> _doing = [];
    private int _begun;
    private SimHost? _dying;
    private DateTimeOffset _storeDownUntil;
    private DateTimeOffset _keysAwayUntil;
    private DateTimeOffset _providerDownUntil;

    private bool Settling { get; set; }

    /// <summary>One step of the schedule's troubled part; false when it is over.</summary>
    public bool Step()
    {
        if (Broken is not null || Steps++ > MaxSteps)
            return false;
        if (_dying is { } host)
        {
            _dying = null;
            Crash(host, power: Dice.Chance(50));
            Tidy();
            return true;
        }

        Look();
        var begin = _begun < Plan.Deeds.Count ? 8 : 0;
        var trouble = Budget > 0 ? 3 : 0;
        var leap = Timers.Count > 0 || Calls.Count > 0 || begin > 0 ? 3 : 0;
        if (_ready.Count + _due.Count + begin == 0 && (_doing.Count == 0 || (Calls.Count == 0 && Timers.Count == 0)))
            return false;
        var moves = (_ready.Count + _due.Count) * 10;
        var draw = Dice.Below(moves + begin + trouble + leap);
        if (draw < moves)
            Move(draw / 10);
        else if ((draw -= moves) < begin)
            Begin(Plan.Deeds[_begun++], Hosts[Dice.Below(Hosts.Count)]);
        else if (draw - begin < trouble)
            MakeTrouble();
        else
            Leap();
        Tidy();
        return true;
    }

    private void Look()
    {
        _ready.Clear();
        _due.Clear();
        foreach (var call in Calls)
            if (
                call.Leg == Leg.Request
                    ? call.Peer is not (Peer.Pause or Peer.Disk) || !call.Host.IsFrozen
                    : !call.Host.IsFrozen
            )
                _ready.Add(call);
        foreach (var timer in Timers)
            if (timer.Due <= Now && !timer.Host.IsFrozen)
                _due.Add(timer);
    }

    private void Move(int index)
    {
        if (index < _ready.Count)
        {
            Move(_ready[index]);
            return;
        }

        var timer = _due[index - _ready.Count];
        Say(() => $"{timer.Host.Name}: a timer fires");
        timer.Fire();
    }

    private void Begin(Deed deed, SimHost host)
    {
        var subject = Subjects[Dice.Below(Subjects.Count)];
        if (host.IsFrozen)
            return;
        Say(() => $"{host.Name} begins: {deed}");
        Begin(
            deed switch
            {
                Deed.Sweep => host.SweepAsync(),
                Deed.Read => host.ExecuteAsync(subject, write: false),
                Deed.Write => host.ExecuteAsync(subject, write: true),
                Deed.Ask => host.AskAsync(subject),
                Deed.Drain => host.DrainAsync(),
                Deed.Revoke => host.RevokeAsync(subject),
                Deed.Suspend => host.SuspendAsync(),
                Deed.Resume => host.ResumeAsync(),
                _ => host.ReconnectAsync(subject),
            },
            host,
            deed.ToString()
        );
    }

    private void Begin(Task task, SimHost host, string what) => _doing.Add((task, host, host.Life, what));

    private void Move(Call call)
    {
        if (call.Leg == Leg.Request)
            MoveRequest(call);
        else
            MoveReply(call);
    }

    private void MoveRequest(Call call)
    {
        switch (call.Peer)
        {
            case Peer.Store when Now < _storeDownUntil || (MaySpend(Trouble.StoreCalls, 15) && Spend()):
                Say(() => $"{call.Host.Name}: {call.What} meets a store that is away");
                Fail(call, mayHaveCommitted: false);
                return;
            case Peer.TokenEndpoint or Peer.Api when Now >= call.End:
                // The request was held up until its caller gave it up: it is not delivered any more, and nobody can
                // tell.
                GiveUp(call);
                return;
            case Peer.TokenEndpoint or Peer.Api when Now < _providerDownUntil:
                Say(() => $"{call.Host.Name}: {call.What} gets a 503");
                End(call, new TokenReply.NotActed("http_503", null));
                return;
            case Peer.TokenEndpoint or Peer.Api when MaySpend(Trouble.LostReply, 15) && Spend():
                Say(() => $"{call.Host.Name}: {call.What} gets a 500, and nothing was done");
                Unknown(call);
                End(call, new TokenReply.MayHaveActed("http_500"));
                return;
            case Peer.Ledger when MaySpend(Trouble.LedgerDown, 30) && Spend():
                Say(() => $"{call.Host.Name}: {call.What} meets a ledger that is away");
                End(call, "down");
                return;
            default:
                break;
        }

        Say(() => $"{call.Host.Name}: {call.What}");
        call.Arrive();
        if (
            Plan.StoreLeavesAtCommit
            && !Settling
            && call is { Peer: Peer.TokenEndpoint, Subject: not null }
            && Now >= _storeDownUntil
            && Dice.Chance(70)
        )
        {
            _storeDownUntil = Now + TimeSpan.FromSeconds(Dice.Pick(5, 30, 120));
            Say(() => $"the store is away for {(_storeDownUntil - Now).TotalSeconds} s");
        }

        // What is near answers at once, more often than not.
        if (call.Peer is Peer.Pause or Peer.Disk or Peer.Ledger || (call.Peer == Peer.Store && Dice.Chance(70)))
            End(call, call.Result);
    }

    private void MoveReply(Call call)
    {
        if (call.Peer == Peer.Store && (Now < _storeDownUntil || (MaySpend(Trouble.StoreCalls, 15) && Spend())))
        {
            Say(() => $"{call.Host.Name}: {call.What} is done and unanswered");
            Fail(call, mayHaveCommitted: true);
            return;
        }

        if (
            call.End is { } end
            && (Now >= end ? !call.SleptOver || Dice.Chance(50) : MaySpend(Trouble.LostReply, 25) && Spend())
        )
        {
            GiveUp(call);
            return;
        }

        Say(() => $"{call.Host.Name}: {call.What} is answered");
        End(call, call.Result);
    }

    private void GiveUp(Call call)
    {
        Say(() => $"{call.Host.Name}: {call.What} is given up: no reply");
        Unknown(call);
        End(call, SimEndpoint.Nothing);
    }

    private bool MaySpend(Trouble trouble, int percent) =>
        Budget > 0 && !Settling && Plan.Allows(trouble) && Dice.Chance(percent);

    private bool Spend()
    {
        Budget--;
        return true;
    }

    /// <summary>Time passes: to the next timer, or as far as something in the rules reaches.</summary>
    private void Leap()
    {
        var span = Dice.Below(8) switch
        {
            0 or 1 => TimeSpan.FromMilliseconds(Dice.Between(1, 400)),
            2 => TimeSpan.FromMilliseconds(Dice.Between(800, 3_500)),
            3 => TimeSpan.FromSeconds(Dice.Between(4, 16)),
            4 => TimeSpan.FromMilliseconds(Dice.Between(16_000, 28_000)),
            5 when Dice.Chance(40) => Plan.Grace + TimeSpan.FromSeconds(Dice.Between(-4, 4)),
            6 when Dice.Chance(20) => TimeSpan.FromMinutes(Dice.Between(50, 70)),
            _ => Timers.Count == 0 ? TimeSpan.FromSeconds(1) : Timers.Min(t => t.Due) - Now,
        };
        if (span > TimeSpan.Zero)
            Pass(span);
    }

    private void Pass(TimeSpan span)
    {
        var then = Now + span;

        // A request that would be held up past its end arrives before it, or never.
        foreach (
            var call in Calls
                .Where(c => c is { Leg: Leg.Request, End: { } end } && end <= then && end > Now)
                .OrderBy(c => c.End)
                .ToList()
        )
        {
            if (Dice.Chance(50))
                continue;
            if (Now < _providerDownUntil && call.Peer is Peer.TokenEndpoint or Peer.Api)
                continue;
            Say(() => $"{call.Host.Name}: {call.What}, at the last moment");
            call.Arrive();
        }

        foreach (var call in Calls)
            if (call.End is { } end && end <= then && call.Host.FrozenUntil > end)
                call.SleptOver = true;
        Now = then;
        Say(() => $"{span.TotalSeconds:0.###} s have passed");
    }

    private void Tidy()
    {
        for (var i = _doing.Count - 1; i >= 0; i--)
        {
            var (task, host, life, what) = _doing[i];
            if (!task.IsCompleted && host.Life == life)
                continue;
            _doing.RemoveAt(i);
            if (task.Exception is { InnerException: not Vault.Core.Errors.StoreUnavailableException and { } fault })
                Break($"{host.Name}: {what} failed with {fault.GetType().Name}: {fault.Message}");
        }
    }
}
