using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Persistence;
using Vault.Core.Refresh;

namespace Vault.Core.Consent;

/// <summary>
/// Settles consents whose code was sent and whose process then ended. The link is marked before the code is sent, and
/// the account names the link whose consent it holds, so it is known afterwards whether the consent connected the
/// account. If it did not, the code is spent or its state is unknown, and it is never sent again. The ledger, the link
/// and a waiting account then record the consent as interrupted, and the same browser may open the link once more.
/// </summary>
public sealed class InterruptedConsents(ILinkStore links, AccountRunner accounts, IdFactory ids, TimeProvider time)
{
    public static bool Is(LinkSession link)
    {
        ArgumentNullException.ThrowIfNull(link);
        return link is { Status: LinkStatus.Failed, Request.Failure: StatusReason.ConsentInterrupted };
    }

    /// <summary>The link, settled if its time is over; unchanged while an exchange may still run.</summary>
    public async Task<LinkSession> LookAsync(LinkSession link, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(link);
        var now = time.GetUtcNow();
        if (link.Status != LinkStatus.Exchanging || (link.Request.ExchangeEndsAt ?? link.ExpiresAt) > now)
            return link;

        // The account is written first: after a crash before the link is written, the link is found again.
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

    /// <summary>Settles all whose time is over; any host may do it.</summary>
    public async Task SettleAsync(int limit, CancellationToken cancellationToken)
    {
        foreach (var token in await links.ListExchangingAsync(limit, cancellationToken))
            if (await links.FindByTokenAsync(token, cancellationToken) is { } link)
                await LookAsync(link, cancellationToken);
    }

    /// <summary>
    /// The account is connected, so the link is marked done, even if it was settled as interrupted meanwhile. If that
    /// write fails, the account's state settles the link later.
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
            // Reporting success is correct even if this write is lost: the account holds the grant.
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
