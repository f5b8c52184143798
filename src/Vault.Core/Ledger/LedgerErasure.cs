using Vault.Core.Errors;
using Vault.Core.Identity;

namespace Vault.Core.Ledger;

/// <summary>
/// Erases the personal data in an organization's ledger: every body and query column, while digests and hashes stay and
/// the chain verifies as before. Nobody can guess a body back from its digest, because each body held a random salt.
/// </summary>
public sealed class LedgerErasure(ILedgerStore store, LedgerWriter writer)
{
    private const int PageSize = 1_000;

    /// <summary>
    /// Erases everything up to now; how many entries lost their body by this call, or <c>ledger_unavailable</c>. To be
    /// called with the gate shut and before the entry that tells of the erasure is appended, so that this one stays
    /// readable. Idempotent; after a crash a second call does the rest.
    /// </summary>
    public async Task<Result<long>> EraseAsync(OrganizationId organization, CancellationToken cancellationToken)
    {
        // What still lies in the outbox would otherwise enter the chain afterwards, with its body.
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
