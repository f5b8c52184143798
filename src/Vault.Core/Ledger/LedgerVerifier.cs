using Vault.Core.Identity;

namespace Vault.Core.Ledger;

/// <summary>
/// Verifies a chain in the store or in an export. It needs no key and trusts no party: a kept head proves that nothing
/// up to it has changed since. Without a kept head, a chain that was rewritten from some entry to its end together with
/// the stored head looks like a genuine one. So keep heads outside the database.
/// </summary>
public sealed class LedgerVerifier(ILedgerStore store)
{
    private const int PageSize = 2_000;

    /// <param name="organization">The owner of the chain.</param>
    /// <param name="kept">A head that the customer kept. It proves the chain up to it and reveals a truncated
    /// end.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    public Task<LedgerReport> VerifyAsync(
        OrganizationId organization,
        LedgerHead? kept,
        CancellationToken cancellationToken
    ) => VerifyAsync(organization, LedgerHead.Genesis, kept, cancellationToken);

    /// <summary>
    /// Begins after <paramref name="after"/>, a head that was verified before, so that only newer entries are read.
    /// </summary>
    public async Task<LedgerReport> VerifyAsync(
        OrganizationId organization,
        LedgerHead after,
        LedgerHead? kept,
        CancellationToken cancellationToken
    )
    {
        // The stored head is read twice, because the chain may grow meanwhile. Read before the entries, it is the least
        // they must reach. Read after them, it is the most they may reach: each visible entry was committed together
        // with a head at least as far.
        var before = await HeadAsync(organization, cancellationToken).ConfigureAwait(false);
        var inspector = new LedgerInspector(organization, after, LedgerCheckpoint.Of(kept, before));
        var reading = ReadAsync(after.Seq + 1);
        while (await reading.ConfigureAwait(false) is { Count: > 0 } page)
        {
            // The store reads the next page while this one is verified.
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
