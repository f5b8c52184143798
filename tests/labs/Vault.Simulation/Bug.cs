namespace Vault.Simulation;

/// <summary>
/// A mistake seen in respected code, made by the doubles around the product; the simulation has to find each.
/// </summary>
internal enum Bug
{
    None,
    NoCompareAndSwap,
    NoIntent,
    ShortLease,
    NoRecheck,
    NullRefreshToken,
    DeafCache,
    DeafGate,
    LateSuccessDropped,
    TransientIsTerminal,
    RevokeLoses,
    UnsyncedSpool,
    NoJitter,
    BlindRetry,
    BufferedLedger,
    OutboxApart,
}

internal static class Bugs
{
    public static IReadOnlyList<(Bug Bug, string Name, string What)> All { get; } =
    [
        (Bug.NoCompareAndSwap, "no-cas", "the whole row is written back without looking at its version"),
        (Bug.NoIntent, "no-intent", "hosts do not see each other's intents"),
        (Bug.ShortLease, "short-lease", "a lease is taken for lapsed while its holder still works"),
        (Bug.NoRecheck, "no-recheck", "a process that was frozen does not notice how much of its lease is left"),
        (Bug.NullRefreshToken, "null-refresh-token", "a reply without a refresh token overwrites the stored one"),
        (Bug.DeafCache, "deaf-cache", "the credential cache goes on serving what it read once"),
        (Bug.DeafGate, "deaf-gate", "nobody looks at the gate's epoch"),
        (Bug.LateSuccessDropped, "late-success-dropped", "a spooled reply older than its lease is thrown away"),
        (Bug.TransientIsTerminal, "transient-is-terminal", "a 503 of the token endpoint is taken for a dead grant"),
        (Bug.RevokeLoses, "revoke-loses", "a refresh under way brings a revoked account back"),
        (Bug.UnsyncedSpool, "unsynced-spool", "the spool answers before the disk has it"),
        (Bug.NoJitter, "no-jitter", "accounts that failed together come back together"),
        (Bug.BlindRetry, "blind-retry", "a default retry handler in front of the token endpoint"),
        (Bug.BufferedLedger, "buffered-ledger", "the ledger answers before an entry is durable"),
        (Bug.OutboxApart, "outbox-apart", "the row and its ledger entry are written one after the other"),
    ];

    public static string Name(Bug bug) => All.First(b => b.Bug == bug).Name;
}
