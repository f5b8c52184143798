using Vault.Campaigns.Lab;

namespace Vault.Campaigns.Faults;

/// <summary>
/// Something that happens to a store while accounts are under load. When it returns, the store is well again.
/// </summary>
/// <param name="Name">For the table.</param>
/// <param name="MayLose">A process dies with a refresh under way, so that a grant may be lost; it must then say
/// so.</param>
/// <param name="Do">Does it, and answers with a few words on what it saw happen.</param>
public sealed record StoreFault(string Name, bool MayLose, Func<LabWorld, CancellationToken, Task<string>> Do);

/// <summary>What came of one fault.</summary>
public sealed record FaultOutcome(
    string Name,
    string Seen,
    long Calls,
    IReadOnlyDictionary<string, long> Answers,
    long Refreshes,
    int Lost,
    TimeSpan Recovered,
    IReadOnlyList<string> Violations
);

/// <summary>All faults of one store.</summary>
public sealed record FaultReport(string Setting, IReadOnlyList<FaultOutcome> Outcomes, long LedgerEntries)
{
    public bool IsGreen => Outcomes.All(o => o.Violations.Count == 0);
}
