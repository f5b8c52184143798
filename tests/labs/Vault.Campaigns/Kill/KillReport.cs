namespace Vault.Campaigns.Kill;

/// <summary>A grant that was gone after a strike.</summary>
/// <param name="Labelled">The account says <c>refresh_outcome_lost</c>.</param>
/// <param name="Sent">The provider rotated for the attempt; its reply reached no store. False: the provider was never
/// asked, which nobody but the dead process could know.</param>
/// <param name="InHand">The process died between receiving the reply and making it durable, at a point named
/// so.</param>
public sealed record Loss(string User, bool Labelled, bool Sent, bool InHand, string? Reason);

/// <summary>
/// One round: a strike and what came of it. Times count from the start of the victim's next process, or from its waking
/// up.
/// </summary>
/// <param name="Recovered">Until the last account had answered with data, through any host, or had said that it is
/// lost.</param>
/// <param name="VictimReady">Until the victim itself was ready: what of it is the start of a process.</param>
/// <param name="Others">In a cluster: from the strike until every account that the victim was not refreshing answered
/// through the other silos.</param>
public sealed record KillRound(
    int Number,
    string Point,
    bool Freeze,
    string? Reached,
    int InFlight,
    IReadOnlyList<Loss> Losses,
    TimeSpan Recovered,
    long Refreshes,
    long Replays,
    TimeSpan VictimReady,
    TimeSpan? Others = null
);

/// <summary>A whole campaign.</summary>
public sealed record KillReport
{
    public required string Setting { get; init; }

    public required int Seed { get; init; }

    public required TimeSpan Lease { get; init; }

    public List<KillRound> Rounds { get; } = [];

    /// <summary>Why the campaign is red; empty when it is green.</summary>
    public List<string> Violations { get; } = [];

    public TimeSpan Took { get; set; }

    public long Calls { get; set; }

    public long WritesAcknowledged { get; set; }

    public long WritesAtProvider { get; set; }

    /// <summary>
    /// Writes answered as done whose end could not be written: the entry before them stands, and the answer was given
    /// all the same.
    /// </summary>
    public long WritesWithoutEnd { get; set; }

    /// <summary>Accounts that one host had given up and that a host which woke up healed.</summary>
    public int Healed { get; set; }

    /// <summary>
    /// Silos that ended themselves when they woke up and found that the others had declared them dead.
    /// </summary>
    public int EndedThemselves { get; set; }

    /// <summary>Grants with a grace window that were lost because the host was not back within it.</summary>
    public int LostAfterWindow { get; set; }

    /// <summary>Grants lost because a host that lived had no answer of the token endpoint in time.</summary>
    public int TimedOut { get; set; }

    public long LedgerEntries { get; set; }

    public long FamiliesKilled { get; set; }

    public long ReplaysOutsideGrace { get; set; }

    public IReadOnlyDictionary<string, long> Answers { get; set; } = new Dictionary<string, long>();

    public int Kills => Rounds.Count(r => !r.Freeze);

    public int Freezes => Rounds.Count(r => r.Freeze);

    public IEnumerable<Loss> Losses => Rounds.SelectMany(r => r.Losses);

    public bool IsGreen => Violations.Count == 0;
}
