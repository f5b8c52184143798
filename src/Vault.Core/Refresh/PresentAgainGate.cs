using System.Collections.Concurrent;
using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Packs;

namespace Vault.Core.Refresh;

/// <summary>Whether the sweep may present a refresh token in doubt once more now.</summary>
/// <param name="PresentsAgain">The refresh that follows would do it; false for an ordinary refresh.</param>
/// <param name="Wait">When to look at the account again; null to begin now.</param>
public readonly record struct Admission(bool PresentsAgain, DateTimeOffset? Wait = null);

/// <summary>
/// The conditions of law 5 that one row does not show, for presenting a token in doubt once more: never while another
/// account of the same connection and identity works, a limited number per minute and provider, one at a time per
/// connection where it is not known what a reuse revokes, and none after two answers of a provider that a token had
/// been
/// used. What the row shows (the access token, the attempts) <see cref="AccountLifecycle"/> decides.
/// </summary>
public sealed class PresentAgainGate(
    IAccountStore store,
    AccountRunner runner,
    SettledHolders settled,
    IRefreshNotes notes,
    IHostIdentity host,
    LifecycleOptions options,
    IAccountObserver observer
)
{
    /// <summary>The answers after which a provider gets no more tokens in doubt until an operator says so.</summary>
    public const int MaxReuses = 2;

    private const string Reuse = "reuse";
    private const string Turn = "turn";

    // An operator is asked to act, so there is no hurry.
    private static readonly TimeSpan Stopped = TimeSpan.FromMinutes(5);

    // After a reuse the other accounts of the connection show whether they were hurt before the next token is
    // presented.
    private static readonly TimeSpan Rest = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Busy = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Moment = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, Pace> _paces = new(StringComparer.Ordinal);

    /// <param name="share">The part of all shards that this host sweeps, more than 0 and at most 1.</param>
    public async Task<Admission> AdmitAsync(AccountSnapshot snapshot, double share)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        var (row, policy, now) = (snapshot.Row, runner.PolicyFor(snapshot.Row), runner.Now);
        if (
            !AccountSchedule.IsBarred(row.State, policy.Refresh, now)
            || !AccountSchedule.MayPresentAgain(policy.Refresh)
        )
            return new(false);
        await settled.ReadAsync().ConfigureAwait(false);
        var doubt = row.State.Doubt!;
        if (settled.Among(row.State) is { } holders)
            doubt = doubt.Settle(a => a.Holder is { } holder && holders.Contains(holder));
        if (AccountSchedule.PresentsAgainAt(row.State with { Doubt = doubt }, policy) is not { } at || at > now)
            return new(false);
        if (await CountReusesAsync(row.Provider).ConfigureAwait(false) >= MaxReuses)
            return new(true, now + Stopped);
        var sibling = await SiblingAsync(row, now).ConfigureAwait(false);
        if (sibling == Sibling.InDoubt)
            return new(true, now + Moment);
        if (sibling == Sibling.Works)
        {
            await runner
                .ApplyAsync(
                    row.Key,
                    s => new AccountEvent.DoubtGivenUp(runner.Now, s.Row.State.Generation),
                    CancellationToken.None
                )
                .ConfigureAwait(false);
            return new(false);
        }

        var pace = _paces.GetOrAdd(row.Provider, _ => new Pace());
        if (pace.Next(now, TimeSpan.FromMinutes(1) / (options.PresentAgainPerMinute * share)) is { } slot)
            return new(true, slot);
        if (policy.Refresh.ReuseKills != ReuseKills.Unknown)
            return new(true);

        // The turn ends by itself when its host dies.
        var turn = new RefreshNote(Turn, row.ConnectionId, "", host.Holder, now + options.Lease);
        return await notes.TryTakeAsync(turn, now, CancellationToken.None).ConfigureAwait(false)
            ? new(true)
            : new(true, now + Busy);
    }

    /// <summary>Call it with the result of every admitted refresh that presents again.</summary>
    public async Task FinishAsync(AccountSnapshot snapshot, Result<RefreshResult> result)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        var row = snapshot.Row;
        var reused =
            result.Error is { StatusReason: StatusReason.RefreshOutcomeLost } error
            && error.Code == ErrorCatalogue.ReauthRequired;
        observer.PresentedAgain(row.Provider, result.IsOk, reused);
        if (reused)
        {
            var note = new RefreshNote(Reuse, row.Provider, row.Id.Value, host.Holder, runner.Now);
            await notes.PutAsync(note, CancellationToken.None).ConfigureAwait(false);
            if (await CountReusesAsync(row.Provider).ConfigureAwait(false) >= MaxReuses)
                observer.PresentingStopped(row.Provider);
        }

        if (runner.PolicyFor(row).Refresh.ReuseKills == ReuseKills.Unknown)
            await notes
                .PutAsync(
                    new(Turn, row.ConnectionId, "", host.Holder, runner.Now + (reused ? Rest : TimeSpan.Zero)),
                    CancellationToken.None
                )
                .ConfigureAwait(false);
    }

    /// <summary>How often the provider has answered that a token had been used, since it was last resumed.</summary>
    public async Task<int> CountReusesAsync(string provider) =>
        (await notes.ListAsync(Reuse, provider, CancellationToken.None).ConfigureAwait(false)).Count;

    /// <summary>
    /// An operator lets the provider have tokens in doubt again. Returns the number of answers that are forgotten.
    /// </summary>
    public static Task<int> ResumeAsync(IRefreshNotes notes, string provider, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(notes);
        return notes.RemoveAsync(Reuse, provider, cancellationToken);
    }

    private enum Sibling
    {
        None,

        /// <summary>It still has an access token, and its own refresh token is in doubt.</summary>
        InDoubt,
        Works,
    }

    /// <summary>
    /// Whether another account has a grant of the same person at the same client: some providers would revoke it with
    /// the family. One that is in doubt itself and has no access token has nothing to lose.
    /// </summary>
    private async Task<Sibling> SiblingAsync(AccountRow row, DateTimeOffset now)
    {
        var subject = row.State.Identity?.Subject;
        var filter = new AccountFilter(
            User: subject is null ? row.Key.User : null,
            Connection: row.Key.Connection,
            Status: AccountStatus.Active,
            Subject: subject
        );
        string? cursor = null;
        var found = Sibling.None;
        do
        {
            var page = await store
                .ListAsync(row.Key.Organization, filter, 100, cursor, CancellationToken.None)
                .ConfigureAwait(false);
            foreach (var other in page.Items.Where(r => r.Id != row.Id))
            {
                if (other.State.Doubt is null)
                    return Sibling.Works;
                if (AccountSchedule.IsLive(other.State, now))
                    found = Sibling.InDoubt;
            }

            cursor = page.Cursor;
        } while (cursor is not null);
        return found;
    }

    /// <summary>Gives out times at a fixed distance; a time that is given out is not given again.</summary>
    private sealed class Pace
    {
        private readonly Lock _lock = new();
        private DateTimeOffset _free;
        private DateTimeOffset _promised;

        /// <summary>Null: now. Otherwise when it may be, after all that were given a time before.</summary>
        public DateTimeOffset? Next(DateTimeOffset now, TimeSpan distance)
        {
            lock (_lock)
            {
                if (_free <= now)
                {
                    // Sweeps are apart, so what was free since the last one is not lost.
                    _free = (_free > now - Busy ? _free : now - Busy) + distance;
                    return null;
                }

                _promised = (_promised > _free ? _promised : _free) + distance;
                return _promised - distance;
            }
        }
    }
}
