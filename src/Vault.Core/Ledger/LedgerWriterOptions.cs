namespace Vault.Core.Ledger;

/// <summary>Bounds of the writer.</summary>
public sealed record LedgerWriterOptions
{
    /// <summary>
    /// Entries waiting at most; beyond it an append is refused at once rather than queued without end.
    /// </summary>
    public int Capacity { get; init; } = 20_000;

    /// <summary>Entries per transaction at most.</summary>
    public int GroupLimit { get; init; } = 2_000;

    /// <summary>
    /// Entries of one chain per transaction, at the least, while another host writes to the chain too.
    /// </summary>
    public int LeastContended { get; init; } = 16;

    /// <summary>How long an entry is tried. A caller waits at most this and one <see cref="AttemptTimeout"/>.</summary>
    public TimeSpan AppendTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long one call to the store may take before its outcome counts as unknown.</summary>
    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>The pause after a failed attempt; doubles up to <see cref="LongestPause"/>.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromMilliseconds(20);

    public TimeSpan LongestPause { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Chains whose head is remembered; a forgotten one costs a read.</summary>
    public int HeadsRemembered { get; init; } = 50_000;

    public IEnumerable<string> Faults()
    {
        if (Capacity < 1)
            yield return "Ledger.Capacity: at least 1.";
        if (GroupLimit < 1)
            yield return "Ledger.GroupLimit: at least 1.";
        if (LeastContended < 1)
            yield return "Ledger.LeastContended: at least 1.";
        if (AppendTimeout <= TimeSpan.Zero)
            yield return "Ledger.AppendTimeout: more than zero.";
        if (AttemptTimeout <= TimeSpan.Zero)
            yield return "Ledger.AttemptTimeout: more than zero.";
        if (FirstPause <= TimeSpan.Zero || LongestPause < FirstPause)
            yield return "Ledger.FirstPause: more than zero, and not longer than LongestPause.";
        if (HeadsRemembered < 1)
            yield return "Ledger.HeadsRemembered: at least 1.";
    }
}

/// <summary>One transaction of the writer, for metrics.</summary>
/// <param name="Appended">Entries made durable.</param>
/// <param name="Organizations">Chains in the transaction.</param>
/// <param name="Conflicts">Chains whose head another host had moved.</param>
/// <param name="Failed">The store threw or took too long.</param>
/// <param name="Lag">How long the oldest entry of the transaction had waited when it ended.</param>
/// <param name="StoreTime">How long the store took.</param>
/// <param name="Waiting">Entries still waiting afterwards.</param>
public readonly record struct LedgerRound(
    int Appended,
    int Organizations,
    int Conflicts,
    bool Failed,
    TimeSpan Lag,
    TimeSpan StoreTime,
    int Waiting
);

/// <summary>What moving the outbox into the chains came to.</summary>
/// <param name="Moved">Entries that are now in a chain.</param>
/// <param name="Error">Why it stopped early; the rest stays in the outbox for the next time.</param>
public readonly record struct OutboxDrain(int Moved, Errors.VaultError? Error);
