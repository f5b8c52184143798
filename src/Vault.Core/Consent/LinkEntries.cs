using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Ledger;

namespace Vault.Core.Consent;

/// <summary>The ledger entries of a consent, from the facts of its link.</summary>
internal static class LinkEntries
{
    public static LedgerDraft Created(LinkSession link, string provider, IdFactory ids, DateTimeOffset now) =>
        Of(link, LedgerEvents.AccountLinkCreated, provider, null, null, ids, now);

    public static LedgerDraft Failed(
        LinkSession link,
        ErrorCode code,
        string? statusReason,
        IdFactory ids,
        DateTimeOffset now
    ) => Of(link, LedgerEvents.AccountConnectFailed, null, code.Code, statusReason, ids, now);

    private static LedgerDraft Of(
        LinkSession link,
        string type,
        string? provider,
        string? errorCode,
        string? statusReason,
        IdFactory ids,
        DateTimeOffset now
    ) =>
        LedgerEntries.Consent(
            ids,
            now,
            type,
            // The person on the consent page has no key; the caller is the key that created the link.
            link.Request.CreatedBy
                ?? "system",
            new LedgerAccount(link.Key, link.Account, provider),
            link.Id,
            link.Request.Scopes,
            link.Request.ExpectedIdentity is not null,
            link.Request.AgentName,
            errorCode,
            statusReason
        );
}
