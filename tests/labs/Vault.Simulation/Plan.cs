using Vault.Core.Packs;

namespace Vault.Simulation;

[Flags]
internal enum Trouble
{
    None = 0,
    Crash = 1,

    /// <summary>With <see cref="Crash"/>: the machine loses its power, and its disk what was not synced.</summary>
    PowerLoss = 2,
    Freeze = 4,
    StoreDown = 8,

    /// <summary>Single calls to the store refused, or done and unanswered.</summary>
    StoreCalls = 16,
    LostReply = 32,
    Outage = 64,
    DiskFull = 128,
    Clocks = 256,
    UserRevokes = 512,
    EarlyUnauthorized = 1024,
    LedgerDown = 2048,
}

/// <summary>What somebody sets out to do.</summary>
internal enum Deed
{
    Sweep,
    Read,
    Write,
    Ask,
    Drain,
    Revoke,
    Suspend,
    Resume,
    Reconnect,
}

/// <summary>
/// What a schedule is about; drawn from its seed. Each schedule allows some troubles only, since with all at once most
/// schedules would end in the first.
/// </summary>
internal sealed record Plan
{
    public required Rotation Rotation { get; init; }

    public required TimeSpan Grace { get; init; }

    public required int Hosts { get; init; }

    public required int Accounts { get; init; }

    /// <summary>
    /// A restarted host knows that its former process is dead (the lock of the data folder, on SQLite).
    /// </summary>
    public required bool KnowsItsDead { get; init; }

    public required Trouble Troubles { get; init; }

    public required int Budget { get; init; }

    public required IReadOnlyList<Deed> Deeds { get; init; }

    /// <summary>
    /// The store goes away when the provider has answered a refresh, and the machine may die when the reply has been
    /// spooled.
    /// </summary>
    public bool StoreLeavesAtCommit { get; init; }

    /// <summary>The key service goes away at times, and no process keeps a key for longer than a moment.</summary>
    public bool KeysLeave { get; init; }

    public bool Allows(Trouble trouble) => Troubles.HasFlag(trouble);

    public static Plan Draw(Dice dice)
    {
        // A crowd that expires together, to look at how it comes back: rare, because it is long.
        if (dice.Chance(3))
        {
            return new Plan
            {
                Rotation = Rotation.Never,
                Grace = TimeSpan.Zero,
                Hosts = 1,
                Accounts = 5,
                KnowsItsDead = false,
                Troubles = Trouble.Outage,
                Budget = 1,
                Deeds = [Deed.Sweep, Deed.Sweep],
            };
        }

        // The moment that the spool is for: the provider has answered, and the store goes away. Rare by chance, so it
        // has schedules of its own.
        if (dice.Chance(5))
        {
            return new Plan
            {
                Rotation = dice.Pick(Rotation.SingleUse, Rotation.FamilyKill, Rotation.Grace),
                Grace = TimeSpan.FromSeconds(30),
                Hosts = dice.Between(1, 2),
                Accounts = 1,
                KnowsItsDead = dice.Chance(50),
                Troubles = Trouble.StoreDown | Trouble.Crash | Trouble.PowerLoss,
                Budget = dice.Between(1, 3),
                Deeds = [Deed.Sweep, Deed.Ask, Deed.Drain],
                StoreLeavesAtCommit = true,
            };
        }

        var troubles = Trouble.None;
        foreach (var one in Enum.GetValues<Trouble>())
            if (dice.Chance(30))
                troubles |= one;
        var deeds = new Deed[dice.Between(2, 7)];
        for (var i = 0; i < deeds.Length; i++)
            deeds[i] = dice.Pick(
                Deed.Sweep,
                Deed.Sweep,
                Deed.Sweep,
                Deed.Read,
                Deed.Read,
                Deed.Write,
                Deed.Ask,
                Deed.Drain,
                Deed.Revoke,
                Deed.Suspend,
                Deed.Resume,
                Deed.Reconnect
            );
        return new Plan
        {
            Rotation = dice.Pick(
                Rotation.Never,
                Rotation.Grace,
                Rotation.SingleUse,
                Rotation.FamilyKill,
                Rotation.FamilyKill
            ),
            Grace = dice.Pick(TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(10)),
            Hosts = dice.Between(1, 3),
            Accounts = 1,
            KnowsItsDead = dice.Chance(30),
            Troubles = troubles,
            Budget = dice.Between(0, 4),
            Deeds = deeds,
        };
    }

    public override string ToString() =>
        $"{Rotation}{(Rotation == Rotation.Grace ? $" {Grace.TotalSeconds:0} s" : "")}, {Hosts} host{(Hosts == 1 ? "" : "s")}{(KnowsItsDead ? " that know their dead" : "")}, {Accounts} account{(Accounts == 1 ? "" : "s")}; "
        + $"troubles: {Troubles} (at most {Budget}); deeds: {string.Join(", ", Deeds)}{(StoreLeavesAtCommit ? "; the store goes away at the commit" : "")}{(KeysLeave ? "; the key service goes away" : "")}";
}
