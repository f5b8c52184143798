using System.Collections.Immutable;
using Vault.Core.Identity;
using Vault.Core.Packs;

namespace Vault.Core.Accounts;

/// <summary>
/// What can happen to an account. The event carries time, jitter and ids, so the decision is pure.
/// </summary>
public abstract record AccountEvent(DateTimeOffset Now)
{
    /// <summary>A caller requests consent, for the first time or again.</summary>
    public sealed record ConsentAsked(DateTimeOffset Now, ImmutableArray<string> Scopes) : AccountEvent(Now);

    /// <summary>
    /// The host that exchanged the code of a link died or ran out of time, and this row does not hold the grant.
    /// </summary>
    public sealed record ConsentInterrupted(DateTimeOffset Now, string Link) : AccountEvent(Now);

    /// <summary>A new grant or static credential, sealed for <paramref name="Generation"/>.</summary>
    public sealed record GrantStored(DateTimeOffset Now, long Generation, NewGrant Grant) : AccountEvent(Now);

    /// <summary>A refresh is wanted by <paramref name="Holder"/> as <paramref name="AttemptId"/>.</summary>
    /// <param name="SeenGeneration">The generation that the caller found stale; null for any.</param>
    /// <param name="HolderIsDead">The holder of the intent in the row is certainly dead, so its lease need not be
    /// waited out.</param>
    /// <param name="Jitter">0 to 1.</param>
    /// <param name="Settled">Holders of attempts of which nothing more will be heard: they are dead, and their folder has
    /// been drained or is lost.</param>
    public sealed record RefreshWanted(
        DateTimeOffset Now,
        RefreshReason Why,
        string AttemptId,
        string Holder,
        long? SeenGeneration,
        bool HolderIsDead,
        double Jitter,
        IReadOnlyCollection<string>? Settled = null
    ) : AccountEvent(Now);

    /// <summary>
    /// The token endpoint gave a new grant to <paramref name="AttemptId"/>, which presented
    /// <paramref name="Generation"/>.
    /// </summary>
    public sealed record RefreshSucceeded(
        DateTimeOffset Now,
        string AttemptId,
        long Generation,
        GrantFacts Facts,
        ImmutableArray<string>? Scopes,
        ImmutableSortedDictionary<string, string>? Parameters
    ) : AccountEvent(Now);

    /// <summary>The provider certainly did not act.</summary>
    /// <param name="Refused">It answered with a refusal that may be about the grant.</param>
    public sealed record RefreshNotActed(
        DateTimeOffset Now,
        string AttemptId,
        string Failure,
        TimeSpan? RetryAfter,
        double Jitter,
        bool Refused = false
    ) : AccountEvent(Now);

    /// <summary>The provider may have consumed the refresh token, and its response is lost.</summary>
    public sealed record RefreshMayHaveActed(
        DateTimeOffset Now,
        string AttemptId,
        string Failure,
        double Jitter,
        TimeSpan? RetryAfter = null
    ) : AccountEvent(Now);

    /// <summary>
    /// The token in doubt can never be presented again without harm: it would reach another account that works.
    /// </summary>
    public sealed record DoubtGivenUp(DateTimeOffset Now, long Generation) : AccountEvent(Now);

    /// <summary>The token endpoint says the grant is dead.</summary>
    public sealed record RefreshFoundDead(
        DateTimeOffset Now,
        string AttemptId,
        long Generation,
        string Reason,
        string Failure
    ) : AccountEvent(Now);

    /// <summary>The token endpoint refuses our client.</summary>
    public sealed record RefreshClientRefused(
        DateTimeOffset Now,
        string AttemptId,
        string Reason,
        string Failure,
        double Jitter,
        bool Refused = false
    ) : AccountEvent(Now);

    /// <summary>The API reports that the grant of this generation is dead.</summary>
    public sealed record GrantReportedDead(DateTimeOffset Now, long Generation, string Reason) : AccountEvent(Now);

    public sealed record RevokeWanted(DateTimeOffset Now, string Reason) : AccountEvent(Now);

    /// <summary>The connection was removed.</summary>
    public sealed record ConnectionRemoved(DateTimeOffset Now) : AccountEvent(Now);

    /// <summary>The result of the revocation at the provider.</summary>
    public sealed record UpstreamRevoked(
        DateTimeOffset Now,
        long Generation,
        UpstreamRevocation Outcome,
        bool Retry,
        double Jitter
    ) : AccountEvent(Now);

    /// <summary>The provider took a call with the credential of this generation.</summary>
    public sealed record Used(DateTimeOffset Now, long Generation) : AccountEvent(Now);

    /// <summary>Only time has passed: credentials may have expired.</summary>
    public sealed record TimePassed(DateTimeOffset Now) : AccountEvent(Now);
}

/// <summary>What the decision means for the caller.</summary>
public enum AccountOutcome
{
    /// <summary>The event changes nothing and requires nothing.</summary>
    Nothing,

    /// <summary>The state changes as decided.</summary>
    Changed,

    /// <summary>Write the intent; when it is written, and only then, call the token endpoint.</summary>
    CallTokenEndpoint,

    /// <summary>The current grant is good; use it.</summary>
    AlreadyFresh,

    /// <summary>Another attempt holds the lease; wait for it.</summary>
    HeldByAnother,

    /// <summary>The token endpoint failed recently; do not call it before the cool-down ends.</summary>
    CoolingDown,

    /// <summary>No refresh can help; the status says why.</summary>
    NotUsable,

    /// <summary>The event is about a former state (an older generation, an earlier attempt).</summary>
    OutOfDate,
}

/// <summary>What to write with the next state.</summary>
[Flags]
public enum GrantEffect
{
    None = 0,

    /// <summary>Store the new sealed grant that came with the event.</summary>
    StoreGrant = 1,

    /// <summary>Store the new sealed static credential that came with the event.</summary>
    StoreCredential = 2,

    /// <summary>Wipe grant and credential.</summary>
    Wipe = 4,

    /// <summary>
    /// After the write: revoke the stored grant at the provider. After a crash in between the due index lists the
    /// account, because the state says pending.
    /// </summary>
    RevokeUpstream = 8,
}

/// <summary>The next state, what it means, and its ledger event (null for none).</summary>
public sealed record AccountDecision(
    AccountState Next,
    AccountOutcome Outcome,
    GrantEffect Effects = GrantEffect.None,
    string? LedgerType = null,
    DateTimeOffset? Until = null
);

/// <summary>The rules and times that a decision uses.</summary>
/// <param name="Refresh">The provider's declared behaviour.</param>
/// <param name="Lease">How long an attempt holds the account; longer than the HTTP total timeout plus clock skew
/// (validated with the options).</param>
/// <param name="ClockSkew">The largest difference allowed between the clocks of two hosts.</param>
/// <param name="CooldownBase">The first pause after a failed refresh; doubles up to
/// <paramref name="CooldownMax"/>.</param>
public sealed record LifecyclePolicy(
    RefreshPolicy Refresh,
    TimeSpan Lease,
    TimeSpan ClockSkew,
    TimeSpan CooldownBase,
    TimeSpan CooldownMax
)
{
    /// <summary>How long after an attempt its silent holder may still return with the response.</summary>
    public TimeSpan Horizon { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>How long an unexplained refusal of every refresh must last before the grant counts as dead.</summary>
    public TimeSpan RefusedFor { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Attempts to revoke at the provider before the result is final.</summary>
    public int RevocationAttempts { get; init; } = 8;
}
