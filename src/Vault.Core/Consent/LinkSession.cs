using System.Collections.Immutable;
using Vault.Core.Connections;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Persistence;
using Vault.Core.Sealing;

namespace Vault.Core.Consent;

public enum LinkStatus
{
    /// <summary>Created, not opened.</summary>
    Ready,

    /// <summary>Bound to a browser that was sent to the provider.</summary>
    Opened,

    /// <summary>The code is being exchanged, only by the call that moved the link to this status.</summary>
    Exchanging,
    Done,
    Failed,
}

/// <summary>
/// One consent under way. The link token, the browser cookie and the state are stored only as SHA-256 digests, so
/// reading the table does not allow completing a consent.
/// </summary>
/// <param name="TokenHash">The digest of the one-time token in the link; the row's key.</param>
/// <param name="StateHash">The digest of the <c>state</c> sent to the provider; unique; null until opened.</param>
/// <param name="BrowserHash">The digest of the cookie that binds the link to one browser; null until opened.</param>
/// <param name="CodeVerifier">The PKCE verifier, sealed in the place <see cref="SealContext.CodeVerifier"/>.</param>
public sealed record LinkSession(
    string Id,
    AccountKey Key,
    AccountId Account,
    string ConnectionId,
    long Version,
    LinkStatus Status,
    string TokenHash,
    string? StateHash,
    string? BrowserHash,
    SealedBlob? CodeVerifier,
    LinkRequest Request,
    DateTimeOffset CreatedAt,
    DateTimeOffset ExpiresAt
);

/// <summary>What was requested when the link was created, and what was recorded when it was opened.</summary>
public sealed record LinkRequest
{
    public ImmutableArray<string> Scopes { get; init; } = [];

    public string? ReturnUrl { get; init; }

    /// <summary>The caller's own opaque value, returned on the return URL.</summary>
    public string? CallerState { get; init; }

    /// <summary>The provider identity (subject or e-mail) that must sign in; null for any.</summary>
    public string? ExpectedIdentity { get; init; }

    /// <summary>The agent on whose behalf consent is requested, as shown to the user.</summary>
    public string? AgentName { get; init; }

    /// <summary>The API key or agent that created the link.</summary>
    public string? CreatedBy { get; init; }

    /// <summary>The issuer expected in the callback (RFC 9207), recorded before the redirect.</summary>
    public string? Issuer { get; init; }

    /// <summary>
    /// The host that the browser was sent to. It is compared with an issuer that the provider names and its pack does
    /// not. Null in rows of a version that did not record it.
    /// </summary>
    public string? ConsentHost { get; init; }

    /// <summary>
    /// The origins in force when the browser was sent to the provider. The code is not sent anywhere else, although the
    /// connection may have been edited since. Null in rows of a version that did not record them.
    /// </summary>
    public ImmutableArray<string>? Origins { get; init; }

    /// <summary>The redirect URI sent to the provider; the exchange must send the same.</summary>
    public string? RedirectUri { get; init; }

    /// <summary>
    /// While <see cref="LinkStatus.Exchanging"/>: the time at which the exchange has certainly ended. Null in rows of a
    /// version that did not record it; <see cref="LinkSession.ExpiresAt"/> is used then.
    /// </summary>
    public DateTimeOffset? ExchangeEndsAt { get; init; }

    /// <summary>Why the consent failed, as an error code.</summary>
    public string? Failure { get; init; }
}

public interface ILinkStore
{
    Task<WriteOutcome> InsertAsync(
        LinkSession link,
        GateCheck gate,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    );

    /// <summary>Finds a link by its digest alone: the visitor of a link names no organization, the row does.</summary>
    Task<LinkSession?> FindByTokenAsync(string tokenHash, CancellationToken cancellationToken);

    Task<LinkSession?> FindByStateAsync(string stateHash, CancellationToken cancellationToken);

    /// <summary>
    /// Token digests of the links of all organizations whose code is being exchanged, ordered by expiry.
    /// </summary>
    Task<IReadOnlyList<string>> ListExchangingAsync(int limit, CancellationToken cancellationToken);

    Task<WriteOutcome> UpdateAsync(
        LinkSession link,
        long expectedVersion,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    );

    /// <summary>
    /// Deletes links that expired before the given time, at most <paramref name="limit"/>; returns how many.
    /// </summary>
    Task<int> DeleteExpiredAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken);
}
