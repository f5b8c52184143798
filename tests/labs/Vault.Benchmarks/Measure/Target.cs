using Vault.Benchmarks.Load;

namespace Vault.Benchmarks.Measure;

/// <summary>Something to put load on.</summary>
internal sealed record Target(string Name, Uri Url, int ProcessId)
{
    /// <summary>Whether the caller's credential chooses the account; the floor has one for all.</summary>
    public bool ManyAccounts { get; init; } = true;

    /// <summary>Whether it works through the bench's PostgreSQL.</summary>
    public bool OnPostgres { get; init; }

    public required Func<string, int, PreparedRequest> Request { get; init; }

    /// <summary>Bytes allocated and ledger transactions since the start; null where the target does not say.</summary>
    public Func<CancellationToken, Task<(double? Allocated, double? LedgerRounds)>> CountersAsync { get; init; } =
        _ => Task.FromResult<(double?, double?)>((null, null));
}
