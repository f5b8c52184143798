using Vault.Core.Errors;
using Vault.Core.Identity;

namespace Vault.Core.Ledger;

/// <summary>
/// Erases the personal data in an organization's ledger: all bodies and query columns. Digests and hashes remain, so
/// the chain verifies as before. A body cannot be guessed from its digest, because each body held a random salt.
/// </summary>
public sealed class LedgerErasure(ILedgerStore store, LedgerWriter writer)
{
    private const int PageSize = 1_000;

    /// <summary>
    /// Erases everything up to now. Returns how many entries lost their body in this call, or
    /// <c>ledger_unavailable</c>. Call it with the gate shut and before the entry that records the erasure is appended,
    /// so that this entry stays readable. Idempotent; after a crash a second call completes the erasure.
    /// </summary>
    public async Task<Result<long>> EraseAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        // Drain the outbox first: its rows would otherwise enter the chain afterwards, with their bodies.
        var drain = await writer.DrainOutboxAsync(cancellationToken).ConfigureAwait(false);
        if (drain.Error is { } error)
            return error;
        var head = (await store.ReadHeadsAsync([organization], cancellationToken).ConfigureAwait(false))[0];
        var erased = 0L;
        while (
            await store.EraseBodiesAsync(organization, head.Seq, PageSize, cancellationToken).ConfigureAwait(false)
                is > 0
                    and var page
        )
            erased += page;
        return erased;
    }
}
