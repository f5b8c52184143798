namespace Vault.Simulation;

/// <summary>What goes wrong with machines, store and provider.</summary>
internal sealed partial class World
{
    private void MakeTrouble()
    {
        var host = Hosts[Dice.Below(Hosts.Count)];
        if (Plan.KeysLeave && !KeysAreAway && Dice.Chance(50))
        {
            _keysAwayUntil = Now + TimeSpan.FromSeconds(Dice.Pick(1, 5, 30, 120));
            Say(() => $"the key service is away for {(_keysAwayUntil - Now).TotalSeconds} s");
            Budget--;
            return;
        }

        switch (Dice.Below(7))
        {
            case 0 or 1 when Plan.Allows(Trouble.Crash):
                Crash(host, power: Plan.Allows(Trouble.PowerLoss) && Dice.Chance(50));
                break;
            case 2 when Plan.Allows(Trouble.Freeze) && !host.IsFrozen:
                host.FrozenUntil = Now + TimeSpan.FromSeconds(Dice.Between(1, 40));
                Say(() => $"{host.Name} freezes for {(host.FrozenUntil - Now).TotalSeconds} s");
                break;
            case 3 when Plan.Allows(Trouble.StoreDown) && Now >= _storeDownUntil:
                _storeDownUntil = Now + TimeSpan.FromSeconds(Dice.Pick(1, 5, 30, 120));
                Say(() => $"the store is away for {(_storeDownUntil - Now).TotalSeconds} s");
                break;
            case 4 when Plan.Allows(Trouble.Outage) && Now >= _providerDownUntil:
                _providerDownUntil = Now + TimeSpan.FromSeconds(Dice.Pick(1, 5, 30, 120));
                Say(() => $"the provider answers 503 for {(_providerDownUntil - Now).TotalSeconds} s");
                break;
            case 5 when Plan.Allows(Trouble.DiskFull):
                host.Disk.Full = !host.Disk.Full;
                Say(() => $"the disk of {host.Name} {(host.Disk.Full ? "is full" : "has room again")}");
                break;
            case 5 or 6 when Plan.Allows(Trouble.Clocks):
                host.ClockError = AnyError();
                Say(() => $"the clock of {host.Name} is set to {host.ClockError.TotalSeconds} s ahead");
                break;
            case 6 when Plan.Allows(Trouble.UserRevokes) && !Subjects[0].UserRevoked:
                Subjects[0].UserRevoked = true;
                Provider.RevokeFamily(Subjects[0].Family);
                Say(() => "the user revokes the grant at the provider");
                break;
            default:
                return;
        }

        Budget--;
    }

    private void Crash(SimHost host, bool power)
    {
        Say(() => $"{host.Name} {(power ? "loses its power" : "is killed")}, and starts again");
        foreach (var call in Calls.Where(c => c.Host == host).ToList())
        {
            // What is on the wire may still arrive; what was being written to the disk is there or it is not.
            if (
                call.Leg == Leg.Request
                && call.Peer != Peer.Pause
                && Now >= _storeDownUntil
                && Now >= _providerDownUntil
                && !(call.End <= Now)
                && Dice.Chance(50)
            )
            {
                Tell(() => $"{call.What}, which was on its way, still arrives");
                call.Arrive();
            }

            Calls.Remove(call);
        }

        foreach (var subject in Subjects)
            Forget(host, subject);
        if (power)
            host.Disk.LosePower();
        Timers.RemoveAll(t => t.Host == host);
        host.Start();
        Begin(host.DrainAsync(), host, "drain at the start");
    }

    /// <summary>
    /// What only the process knew is gone. Where that was the outcome of an attempt, nobody can know it any more.
    /// </summary>
    private void Forget(SimHost host, Subject subject)
    {
        foreach (var (token, _) in subject.InHand.Where(h => h.Value == host).ToList())
        {
            subject.InHand.Remove(token);
            subject.Lost.Add(token);
            subject.MayBeInDoubt = true;
        }

        if (subject.Refreshing is { } now && now.Host == host)
            subject.Refreshing = null;
        var state = RowOf(subject).State;
        if (state.Intent is { } intent && intent.Holder == host.Holder && !subject.Promised.Contains(intent.AttemptId))
            subject.MayBeInDoubt = true;
        if (
            state.Doubt is { } doubt
            && subject.Attempts.Any(a =>
                a.Value == host.Holder && doubt.Includes(a.Key) && !subject.Promised.Contains(a.Key)
            )
        )
            subject.MayBeInDoubt = true;
    }

    private static void Unknown(Call call)
    {
        if (call is not { Peer: Peer.TokenEndpoint, Subject: { } subject })
            return;
        subject.MayBeInDoubt = true;
        foreach (var (token, _) in subject.InHand.Where(h => h.Value == call.Host).ToList())
        {
            subject.InHand.Remove(token);
            subject.Lost.Add(token);
        }
    }
}
