using System.Collections.Immutable;
using Vault.Core.Connections;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Persistence;
using Vault.Core.Sealing;

namespace Vault.Core.Consent;

public enum LinkStatus
{
    /// <summary>Made, not opened.</summary>
    Ready,

    /// <summary>Bound to a browser, which was sent to the provider.</summary>
    Opened,

    /// <summary>The code is being exchanged; whoever moved it here is the only one who may.</summary>
    Exchanging,
    Done,
    Failed,
}

/// <summary>
/// One consent under way. The link token, the browser cookie and the state are stored only as SHA-256 digests: whoever
/// reads the table can finish nothing.
/// </summary>
/// <param name="TokenHash">Of the one-time token in the link; the row's key.</param>
/// <param name="StateHash">Of the <c>state</c> sent to the provider; unique; null until opened.</param>
/// <param name="BrowserHash">Of the cookie that binds it to one browser; null until opened.</param>
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

/// <summary>What was asked for when the link was made, and what was recorded when it was opened.</summary>
public sealed record LinkRequest
{
    public ImmutableArray<string> Scopes { get; init; } = [];

    public string? ReturnUrl { get; init; }

    /// <summary>The caller's own opaque value, handed back on the return URL.</summary>
    public string? CallerState { get; init; }

    /// <summary>The provider identity (subject or e-mail) that must sign in; null for any.</summary>
    public string? ExpectedIdentity { get; init; }

    /// <summary>The agent on whose behalf consent is asked, as shown to the user.</summary>
    public string? AgentName { get; init; }

    /// <summary>The API key or agent that made the link.</summary>
    public string? CreatedBy { get; init; }

    /// <summary>The issuer expected in the callback (RFC 9207), recorded before the redirect.</summary>
    public string? Issuer { get; init; }

    /// <summary>
    /// The host the browser was sent to, to judge an issuer that the provider names though its pack knows none. Null in
    /// rows of a host that did not note it.
    /// </summary>
    public string? ConsentHost { get; init; }

    /// <summary>The redirect URI sent; the exchange must send the same.</summary>
    public string? RedirectUri { get; init; }

    /// <summary>
    /// While <see cref="LinkStatus.Exchanging"/>: when whoever took it has ended one way or the other. Null in rows of
    /// a host that did not note it; <see cref="LinkSession.ExpiresAt"/> serves then.
    /// </summary>
    public DateTimeOffset? ExchangeEndsAt { get; init; }

    /// <summary>Why it failed, as an error code.</summary>
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

    /// <summary>By the digest alone: the visitor of a link carries no organization. The row says which it is.</summary>
    Task<LinkSession?> FindByTokenAsync(string tokenHash, CancellationToken cancellationToken);

    Task<LinkSession?> FindByStateAsync(string stateHash, CancellationToken cancellationToken);

    /// <summary>
    /// Token digests of the links of all organizations whose code is being exchanged, those that expire first at the
    /// front.
    /// </summary>
    Task<IReadOnlyList<string>> ListExchangingAsync(int limit, CancellationToken cancellationToken);

    Task<WriteOutcome> UpdateAsync(
        LinkSession link,
        long expectedVersion,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    );

    /// <summary>
    /// Deletes links that expired before the time given, at most <paramref name="limit"/>; answers how many.
    /// </summary>
    Task<int> DeleteExpiredAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken);
}
