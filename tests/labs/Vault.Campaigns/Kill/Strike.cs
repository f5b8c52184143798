namespace Vault.Campaigns.Kill;

/// <summary>What a round does to its victim.</summary>
/// <param name="Victim">Which host.</param>
/// <param name="Point">Where; null: at a random moment.</param>
/// <param name="Freeze">SIGSTOP past the lease, then SIGCONT, instead of SIGKILL.</param>
/// <param name="After">The random moment.</param>
public sealed record Strike(int Victim, string? Point, bool Freeze, TimeSpan After)
{
    /// <summary>
    /// Points between two durable steps, in the order in which a refresh, and then its ledger entry, passes them.
    /// </summary>
    public static readonly IReadOnlyList<string> Points =
    [
        "intent_written",
        "before_send",
        "reply_received",
        "reply_sealed",
        "reply_committed",
        "outbox_read",
        "ledger_append",
        "ledger_appended",
    ];

    public string Name => Point ?? "random moment";

    /// <summary>So many strikes from one seed.</summary>
    public static IReadOnlyList<Strike> DrawMany(int count, int hosts, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(i => Draw(random, hosts, i))];
    }

    private static Strike Draw(Random random, int hosts, int round)
    {
        // Every point in turn, then three random moments: no point is left out by chance. One strike in five freezes.
        var slot = round % (Points.Count + 3);
        return new Strike(
            random.Next(hosts),
            slot < Points.Count ? Points[slot] : null,
            random.Next(5) == 0,
            TimeSpan.FromMilliseconds(random.Next(1_500))
        );
    }
}
