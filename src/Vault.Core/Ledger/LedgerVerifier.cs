using Vault.Core.Identity;

namespace Vault.Core.Ledger;

/// <summary>
/// Verifies a chain in the store or in an export. Needs no key and trusts nobody: whoever kept a head can prove that
/// nothing up to it has changed since. Without a kept head, a chain rewritten from some entry to its end together with
/// the stored head cannot be told from a genuine one; hence keep heads elsewhere.
/// </summary>
public sealed class LedgerVerifier(ILedgerStore store)
{
    private const int PageSize = 2_000;

    /// <param name="organization">Whose chain.</param>
    /// <param name="kept">A head the customer kept; proves the chain up to it and finds a truncated end.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public Task<LedgerReport> VerifyAsync(
        OrganizationId organization,
        LedgerHead? kept,
        CancellationToken cancellationToken
    ) => VerifyAsync(organization, LedgerHead.Genesis, kept, cancellationToken);

    /// <summary>
    /// The same, beginning after <paramref name="after"/>: a head that was verified before, so that only what is new is
    /// read.
    /// </summary>
    public async Task<LedgerReport> VerifyAsync(
        OrganizationId organization,
        LedgerHead after,
        LedgerHead? kept,
        CancellationToken cancellationToken
    )
    {
        // Read before the entries, the stored head is what they must at least reach; read after them, what they may at
        // most reach: the chain may be growing meanwhile, and every entry that can be seen was committed together with
        // a head at least as far.
        var before = await HeadAsync(organization, cancellationToken).ConfigureAwait(false);
        var inspector = new LedgerInspector(organization, after, LedgerCheckpoint.Of(kept, before));
        var reading = ReadAsync(after.Seq + 1);
        while (await reading.ConfigureAwait(false) is { Count: > 0 } page)
        {
            // The store reads the next page while this one is judged.
            reading = ReadAsync(page[^1].Seq + 1);
            foreach (var entry in page)
                inspector.Add(entry);
        }

        return inspector.Finish(await HeadAsync(organization, cancellationToken).ConfigureAwait(false));

        Task<IReadOnlyList<LedgerEntry>> ReadAsync(long from) =>
            store.ReadAsync(organization, from, PageSize, cancellationToken).AsTask();
    }

    private async Task<LedgerHead> HeadAsync(OrganizationId organization, CancellationToken cancellationToken) =>
        (await store.ReadHeadsAsync([organization], cancellationToken).ConfigureAwait(false))[0];
}
