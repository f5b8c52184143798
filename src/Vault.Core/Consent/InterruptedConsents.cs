using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Persistence;
using Vault.Core.Refresh;

namespace Vault.Core.Consent;

/// <summary>
/// Consents whose code was sent by somebody who then said nothing more. The link was marked before the code left, and
/// the account names the link whose consent it holds; so afterwards it is known whether the account is connected by it.
/// If it is not, the code is spent or nobody knows: it is never sent again, the ledger, the link and a waiting account
/// say that the consent was interrupted, and the same browser may open the link once more.
/// </summary>
public sealed class InterruptedConsents(ILinkStore links, AccountRunner accounts, IdFactory ids, TimeProvider time)
{
    public static bool Is(LinkSession link)
    {
        ArgumentNullException.ThrowIfNull(link);
        return link is { Status: LinkStatus.Failed, Request.Failure: StatusReason.ConsentInterrupted };
    }

    /// <summary>The link as it is once its time is over; as it was given while somebody may be at it.</summary>
    public async Task<LinkSession> LookAsync(LinkSession link, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(link);
        var now = time.GetUtcNow();
        if (link.Status != LinkStatus.Exchanging || (link.Request.ExchangeEndsAt ?? link.ExpiresAt) > now)
            return link;

        // The account first: a crash before the link is written leaves it to be found again.
        var step = await accounts.ApplyAsync(
            link.Key,
            _ => new AccountEvent.ConsentInterrupted(now, link.Id),
            cancellationToken
        );
        var connected = step.TryGet(out var account, out _) && account.After.State.ConsentLink == link.Id;
        var ended = connected
            ? Done(link)
            : link with
            {
                Version = link.Version + 1,
                Status = LinkStatus.Failed,
                Request = link.Request with { Failure = StatusReason.ConsentInterrupted },
            };
        var entry = LinkEntries.Failed(ended, ErrorCatalogue.OutcomeUnknown, StatusReason.ConsentInterrupted, ids, now);
        return
            await links.UpdateAsync(ended, link.Version, connected ? [] : [entry], cancellationToken)
            == WriteOutcome.Written
            ? ended
            : await links.FindByTokenAsync(link.TokenHash, cancellationToken) ?? link;
    }

    /// <summary>All whose time is over; by whichever host comes to it first.</summary>
    public async Task SettleAsync(int limit, CancellationToken cancellationToken)
    {
        foreach (var token in await links.ListExchangingAsync(limit, cancellationToken))
            if (await links.FindByTokenAsync(token, cancellationToken) is { } link)
                await LookAsync(link, cancellationToken);
    }

    /// <summary>
    /// The account is connected; the link says so, even where it was given up meanwhile. If it cannot be told, the
    /// account tells it later.
    /// </summary>
    internal async Task FinishedAsync(LinkSession taken)
    {
        try
        {
            if (await links.UpdateAsync(Done(taken), taken.Version, [], CancellationToken.None) == WriteOutcome.Written)
                return;
            if (await links.FindByTokenAsync(taken.TokenHash, CancellationToken.None) is { } now && Is(now))
                await links.UpdateAsync(Done(now), now.Version, [], CancellationToken.None);
        }
        catch (StoreUnavailableException)
        {
            // What the person is told now is true: the account holds the grant.
        }
    }

    private static LinkSession Done(LinkSession link) =>
        link with
        {
            Version = link.Version + 1,
            Status = LinkStatus.Done,
            Request = link.Request with { Failure = null },
        };
}
