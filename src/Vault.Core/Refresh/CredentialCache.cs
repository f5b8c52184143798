using System.Collections.Concurrent;
using Vault.Core.Accounts;
using Vault.Core.Concurrency;
using Vault.Core.Errors;
using Vault.Core.Identity;

namespace Vault.Core.Refresh;

/// <summary>When a read began, and the number of drops up to then.</summary>
public readonly record struct ReadMark(long ReadAt, long Drops);

/// <summary>
/// Recently used accounts, decrypted. An entry may be used for the freshness lease after its row was read (law 8).
/// After that the row is read again, and if its version is the same, the decrypted credential is kept: one small read,
/// no decryption. Idle entries are zeroed and removed, so an idle account takes no memory. <see cref="AccountRunner"/>,
/// which writes the rows, drops or replaces their entries.
/// </summary>
public sealed class CredentialCache(
    IAccountStore store,
    GrantSealing sealing,
    TimeProvider time,
    LifecycleOptions options,
    int capacity = 10_000
) : IDisposable
{
    private const int MaxReads = 10;
    private readonly ConcurrentDictionary<AccountKey, Entry> _entries = new();
    private readonly SingleFlight<AccountKey, Result<OpenAccount>> _reads = new();
    private readonly SingleFlight<AccountKey, Offered?> _peeks = new();
    private readonly ConcurrentDictionary<AccountKey, Offered> _offers = new();
    private long _drops;

    // Shorter than the lease that an acknowledgement waits for: a credential taken at the last moment must still be
    // sent within the lease.
    private readonly TimeSpan _usable = options.FreshnessLease * 0.9;

    private sealed record Entry(OpenAccount Account, long ReadAt);

    private sealed record Offered(AccountSnapshot Snapshot, ReadMark Mark);

    public int Count => _entries.Count;

    /// <summary>Call before reading a row that you will pass to <see cref="Offer"/>.</summary>
    public ReadMark Mark() => new(time.GetTimestamp(), Volatile.Read(ref _drops));

    /// <summary>
    /// Offers a row that another component has just read, so that <see cref="TakeAsync"/> need not read it. It counts
    /// as a read that began at the mark: the same age, the same lease. An offer from before any
    /// <see cref="Drop(AccountKey)"/> is ignored, because it may be the row that was dropped.
    /// </summary>
    public void Offer(AccountSnapshot snapshot, ReadMark mark)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        var key = snapshot.Row.Key;
        if (
            _entries.TryGetValue(key, out var known)
            && known.Account.Row.Version == snapshot.Row.Version
            && known.Account.Gate == snapshot.Gate
        )
        {
            // The same version: the entry is confirmed. If a drop comes after this check, it has removed the entry, and
            // TryUpdate fails.
            if (mark.ReadAt > known.ReadAt && mark.Drops == Volatile.Read(ref _drops))
                _entries.TryUpdate(key, known with { ReadAt = mark.ReadAt }, known);
            return;
        }

        if (_offers.Count >= capacity)
            _offers.Clear();
        _offers[key] = new Offered(snapshot, mark);
    }

    /// <summary>
    /// The account as of at most a freshness lease ago, for what is decided before a credential is needed. It opens
    /// nothing; a row that it reads is offered to the next <see cref="TakeAsync"/>.
    /// </summary>
    /// <returns><c>account_not_connected</c> when there is no row.</returns>
    public async ValueTask<Result<SeenAccount>> PeekAsync(AccountKey key, CancellationToken cancellationToken)
    {
        if (_entries.TryGetValue(key, out var entry) && time.GetElapsedTime(entry.ReadAt) < _usable)
            return entry.Account.Seen;
        if (_offers.TryGetValue(key, out var known) && IsUsable(known))
            return new SeenAccount(known.Snapshot);
        var read = await _peeks
            .JoinAsync(key, () => FindAsync(key), out _)
            .WaitAsync(cancellationToken)
            .ConfigureAwait(false);
        if (read is null)
        {
            Drop(key);
            return AccountErrors.NotConnected();
        }

        Offer(read.Snapshot, read.Mark);
        return new SeenAccount(read.Snapshot);
    }

    private async Task<Offered?> FindAsync(AccountKey key)
    {
        var mark = Mark();
        return await store.FindAsync(key, CancellationToken.None).ConfigureAwait(false) is { } snapshot
            ? new Offered(snapshot, mark)
            : null;
    }

    /// <summary>The account as of at most a freshness lease ago. The caller releases it.</summary>
    /// <returns><c>account_not_connected</c> when there is no row.</returns>
    public async ValueTask<Result<OpenAccount>> TakeAsync(
        AccountKey key,
        bool confirm,
        CancellationToken cancellationToken
    )
    {
        if (
            !confirm
            && _entries.TryGetValue(key, out var entry)
            && time.GetElapsedTime(entry.ReadAt) < _usable
            && entry.Account.TryAcquire()
        )
            return entry.Account;

        // With a slow database or key service a row can be older than the lease when it arrives, and a revocation may
        // have been acknowledged since it was read. So the age is checked after the read and the decryption.
        var notBefore = confirm ? time.GetTimestamp() : long.MinValue;
        for (var turn = 0; turn < MaxReads; turn++)
        {
            var flight =
                _reads.Find(key) is { } underway && underway.AsOf >= notBefore
                    ? underway
                    : Read(key, turn == 0 && !confirm ? TakeOffer(key) : null);
            var read = await flight.Result.WaitAsync(cancellationToken).ConfigureAwait(false);
            if (!read.TryGet(out var account, out var error))
                return error;
            if (time.GetElapsedTime(flight.AsOf) < _usable && account.TryAcquire())
                return account;

            // The callers that shared a read which came too late share the next one as well.
            notBefore = flight.AsOf + 1;
        }

        return new VaultError(
            ErrorCatalogue.StoreUnavailable,
            "The database answers too slowly to confirm the credential."
        )
        {
            RetryAfter = TimeSpan.FromSeconds(1),
        };
    }

    // Many callers of an account that is not cached share one read. The age counts from before the read, so a change
    // during the read makes nothing younger than it is.
    private SingleFlight<AccountKey, Result<OpenAccount>>.Flight Read(AccountKey key, Offered? offered)
    {
        var asOf = offered?.Mark.ReadAt ?? time.GetTimestamp();
        return _reads.Start(key, asOf, () => ReadAsync(key, asOf, offered?.Snapshot));
    }

    // Checked when it is taken, not when it is made: a drop in between counts.
    private Offered? TakeOffer(AccountKey key) =>
        _offers.TryRemove(key, out var offered) && IsUsable(offered) ? offered : null;

    private bool IsUsable(Offered offered) =>
        offered.Mark.Drops == Volatile.Read(ref _drops) && time.GetElapsedTime(offered.Mark.ReadAt) < _usable;

    /// <summary>
    /// The account as read now. Only the cache holds it: a caller acquires it, and reads again if it was dropped before
    /// that.
    /// </summary>
    private async Task<Result<OpenAccount>> ReadAsync(AccountKey key, long mark, AccountSnapshot? offered)
    {
        var snapshot = offered ?? await store.FindAsync(key, CancellationToken.None).ConfigureAwait(false);
        if (snapshot is null)
        {
            Drop(key);
            return AccountErrors.NotConnected();
        }

        if (
            _entries.TryGetValue(key, out var known)
            && known.Account.Row.Version == snapshot.Row.Version
            && known.Account.Gate == snapshot.Gate
            && _entries.TryUpdate(key, known with { ReadAt = mark }, known)
        )
            return known.Account;

        var grant = await sealing.OpenGrantAsync(snapshot.Row, CancellationToken.None).ConfigureAwait(false);
        if (grant.Error is { } noGrant)
            return noGrant;
        var credential = await sealing.OpenCredentialAsync(snapshot.Row, CancellationToken.None).ConfigureAwait(false);
        if (credential.Error is { } noCredential)
        {
            grant.Value?.Dispose();
            return noCredential;
        }

        var opened = new OpenAccount(snapshot, grant.Value, credential.Value);
        Put(key, new Entry(opened, mark));
        return opened;
    }

    private void Put(AccountKey key, Entry entry)
    {
        if (_entries.Count >= capacity)
            Sweep(options.FreshnessLease);
        if (_entries.Count >= capacity)
            Sweep(TimeSpan.Zero);
        while (true)
        {
            if (_entries.TryGetValue(key, out var old))
            {
                // A slow read must not replace a newer row by an older one.
                if (old.Account.Row.Version > entry.Account.Row.Version)
                {
                    entry.Account.Release();
                    return;
                }

                if (!_entries.TryUpdate(key, entry, old))
                    continue;
                old.Account.Release();
                return;
            }

            if (_entries.TryAdd(key, entry))
                return;
        }
    }

    /// <summary>
    /// Drops the account. A read in flight may have read the row before the change, so later callers start a new one.
    /// </summary>
    public void Drop(AccountKey key)
    {
        Interlocked.Increment(ref _drops);
        _offers.TryRemove(key, out _);
        _reads.Forget(key);
        if (_entries.TryRemove(key, out var entry))
            entry.Account.Release();
    }

    /// <summary>Serves a row that this process has just written, with the credential it has in hand.</summary>
    public void Replace(AccountSnapshot written, OpenGrant grant)
    {
        ArgumentNullException.ThrowIfNull(written);
        ArgumentNullException.ThrowIfNull(grant);
        Drop(written.Row.Key);
        var opened = new OpenAccount(written, grant.Tokens.Copy(), grant.Credential?.Copy());
        Put(written.Row.Key, new Entry(opened, grant.AsOf));
    }

    /// <summary>Drops the entry of a version before this one, and the reads in flight.</summary>
    public void DropBefore(AccountKey key, long version)
    {
        if (!_entries.TryGetValue(key, out var entry) || entry.Account.Row.Version < version)
            Drop(key);
    }

    public void Drop(OrganizationId organization)
    {
        Interlocked.Increment(ref _drops);
        foreach (var key in _entries.Keys)
            if (key.Organization == organization)
                Drop(key);
    }

    /// <summary>
    /// Drops the entries that were not confirmed for <paramref name="idle"/>; the host calls it periodically.
    /// </summary>
    public void Sweep(TimeSpan idle)
    {
        foreach (var (key, offered) in _offers)
            if (time.GetElapsedTime(offered.Mark.ReadAt) >= idle)
                _offers.TryRemove(new KeyValuePair<AccountKey, Offered>(key, offered));
        foreach (var (key, entry) in _entries)
            if (
                time.GetElapsedTime(entry.ReadAt) >= idle
                && _entries.TryRemove(new KeyValuePair<AccountKey, Entry>(key, entry))
            )
                entry.Account.Release();
    }

    public void Dispose() => Sweep(TimeSpan.Zero);
}
