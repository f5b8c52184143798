namespace Vault.Core.Ledger;

/// <summary>Bounds of the writer.</summary>
public sealed record LedgerWriterOptions
{
    /// <summary>The maximum of waiting entries; beyond it an append is refused at once.</summary>
    public int Capacity { get; init; } = 20_000;

    /// <summary>The maximum of entries per transaction.</summary>
    public int GroupLimit { get; init; } = 2_000;

    /// <summary>The smallest batch of one chain per transaction while another host writes to the chain too.</summary>
    public int LeastContended { get; init; } = 16;

    /// <summary>
    /// How long an entry is retried. A caller waits at most this and one <see cref="AttemptTimeout"/>.
    /// </summary>
    public TimeSpan AppendTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long one call to the store may take before its outcome counts as unknown.</summary>
    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>The pause after a failed attempt; doubles up to <see cref="LongestPause"/>.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromMilliseconds(20);

    public TimeSpan LongestPause { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How many heads are cached; a head that is not cached costs a read.</summary>
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
/// <param name="Conflicts">Chains whose head another host has moved.</param>
/// <param name="Failed">The store threw or timed out.</param>
/// <param name="Lag">How long the oldest entry of the transaction had waited at its end.</param>
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

/// <summary>The result of moving the outbox into the chains.</summary>
/// <param name="Moved">Entries that are now in a chain.</param>
/// <param name="Error">Why the move stopped early; the rest remains in the outbox for the next call.</param>
public readonly record struct OutboxDrain(int Moved, Errors.VaultError? Error);
