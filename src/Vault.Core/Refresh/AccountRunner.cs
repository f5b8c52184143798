using System.Buffers.Binary;
using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Packs;
using Vault.Core.Persistence;
using Vault.Core.Sealing;

namespace Vault.Core.Refresh;

/// <summary>Times that depend on each other; validated when the host starts.</summary>
public sealed record LifecycleOptions
{
    /// <summary>Total time of one call to a token endpoint.</summary>
    public TimeSpan TokenTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>The largest difference between the clocks of two hosts.</summary>
    public TimeSpan ClockSkew { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Must be longer than <see cref="TokenTimeout"/> plus <see cref="ClockSkew"/> (law 3).</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long a host may use a cached row without reading its version again (law 8).</summary>
    public TimeSpan FreshnessLease { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long after an attempt its silent holder may return with the response: longer than a restart of a host. After
    /// it the refresh token in doubt is presented once more (law 5).
    /// </summary>
    public TimeSpan Horizon { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>How many refresh tokens in doubt all hosts together present again per minute and provider.</summary>
    public int PresentAgainPerMinute { get; init; } = 60;

    public TimeSpan CooldownBase { get; init; } = TimeSpan.FromSeconds(2);

    public TimeSpan CooldownMax { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>All faults, not only the first.</summary>
    public IEnumerable<string> Faults()
    {
        if (TokenTimeout <= TimeSpan.Zero)
            yield return "TokenTimeout must be more than 0.";
        if (ClockSkew < TimeSpan.Zero)
            yield return "ClockSkew must not be negative.";
        if (Lease <= TokenTimeout + ClockSkew)
            yield return $"Lease ({Lease}) must be longer than TokenTimeout plus ClockSkew "
                + $"({TokenTimeout + ClockSkew}): otherwise another host takes over while the call still runs.";
        if (Horizon <= (Lease + ClockSkew) * 2)
            yield return $"Horizon ({Horizon}) must be longer than two leases with their clock skew "
                + $"({(Lease + ClockSkew) * 2}), and longer than a restart of a host.";
        if (PresentAgainPerMinute < 1)
            yield return "PresentAgainPerMinute must be at least 1.";
        if (FreshnessLease <= TimeSpan.Zero || FreshnessLease > TimeSpan.FromMinutes(1))
            yield return "FreshnessLease must be more than 0 and at most 1 minute.";
        if (CooldownBase <= TimeSpan.Zero || CooldownMax < CooldownBase)
            yield return "CooldownBase must be more than 0 and at most CooldownMax.";
    }
}

/// <summary>A row, what was decided on it, and the row as it is now (written where the decision changed it).</summary>
public sealed record AccountStep(AccountRow Before, AccountRow After, Gate Gate, AccountDecision Decision);

/// <summary>
/// Reads the row, decides, and writes with the version it read; a writer that loses the race reads and decides again.
/// It is the only writer of existing account rows, and it keeps this host's cached credential in step with every row
/// that it reads or writes, so no caller can forget to. Effects belong to the caller and come only after
/// <see cref="ApplyAsync"/> has returned, that is, after the write.
/// </summary>
public sealed class AccountRunner(
    IAccountStore store,
    CredentialCache cache,
    IPacks packs,
    IdFactory ids,
    IEntropy entropy,
    TimeProvider time,
    LifecycleOptions options
)
{
    // Every lost race means that another writer succeeded, so this many in a row means a bug, not contention.
    private const int MaxRaces = 64;
    private static readonly RefreshPolicy Strictest = new() { Rotation = Rotation.FamilyKill };

    public DateTimeOffset Now => time.GetUtcNow();

    /// <summary>The provider's declared behaviour; the strictest when its pack is not loaded.</summary>
    public LifecyclePolicy PolicyFor(AccountRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        var refresh = packs.TryGet(row.Provider, out var pack) ? pack.Refresh : Strictest;

        // The start of the window was recorded on one host's clock and is compared with another's. Shortened by the
        // skew, the window closes for us before it can close for the provider.
        if (refresh.Rotation == Rotation.Grace)
            refresh = refresh with { Grace = refresh.Grace - options.ClockSkew };
        return new(
            row.State.Mints ? refresh with { Rotation = Rotation.Mints } : refresh,
            options.Lease,
            options.ClockSkew,
            options.CooldownBase,
            options.CooldownMax
        )
        {
            Horizon = options.Horizon,
        };
    }

    public double Jitter()
    {
        Span<byte> bytes = stackalloc byte[4];
        entropy.Fill(bytes);
        return BinaryPrimitives.ReadUInt32LittleEndian(bytes) / (double)uint.MaxValue;
    }

    /// <param name="what">Makes the event for the row as read.</param>
    /// <param name="grant">The sealed grant that goes with <see cref="GrantEffect.StoreGrant"/>.</param>
    /// <param name="credential">The sealed credential and its generation, with
    /// <see cref="GrantEffect.StoreCredential"/>.</param>
    /// <param name="needsOpenGate">Whether a closed gate refuses the write.</param>
    /// <param name="actor">The caller, for the ledger.</param>
    /// <param name="seen">The row as it was just read or written; it saves a read. It is used only for a write, which
    /// the store refuses if the row is out of date. For every other result the row is read.</param>
    /// <param name="opened">The opened form of <paramref name="grant"/>, for this host's cache; null when no caller
    /// waits for it.</param>
    /// <returns><c>account_not_connected</c> when there is no row, <c>organization_suspended</c> when the gate is
    /// closed.</returns>
    public async Task<Result<AccountStep>> ApplyAsync(
        AccountKey key,
        Func<AccountSnapshot, AccountEvent> what,
        CancellationToken cancellationToken,
        SealedBlob? grant = null,
        (SealedBlob Blob, long Generation)? credential = null,
        bool needsOpenGate = false,
        string actor = "system",
        AccountSnapshot? seen = null,
        OpenGrant? opened = null
    )
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(what);
        for (var race = 0; race < MaxRaces; race++)
        {
            var guess = race == 0 ? seen : null;
            var snapshot = guess ?? await store.FindAsync(key, cancellationToken).ConfigureAwait(false);
            if (snapshot is null)
            {
                cache.Drop(key);
                return AccountErrors.NotConnected();
            }

            if (needsOpenGate && !snapshot.Gate.Open)
            {
                if (guess is not null)
                    continue;
                return AccountErrors.Suspended();
            }

            var row = snapshot.Row;
            var policy = PolicyFor(row);
            var decision = AccountLifecycle.Decide(row.State, what(snapshot), policy);
            var now = time.GetUtcNow();
            var due = AccountSchedule.NextDue(decision.Next, policy, now, Jitter());

            // Without a write, the due index would list the account for ever though nothing is due.
            var staleIndex = row.DueAt <= now && (due is null || due > now);
            if (
                decision.Next == row.State
                && decision.Effects is GrantEffect.None or GrantEffect.RevokeUpstream
                && !staleIndex
            )
            {
                if (guess is not null)
                    continue;
                cache.DropBefore(key, row.Version);
                return new AccountStep(row, row, snapshot.Gate, decision);
            }

            var next = row with
            {
                State = decision.Next,
                Version = row.Version + 1,
                DueAt = due,
                UpdatedAt = now,
                Grant =
                    decision.Effects.HasFlag(GrantEffect.Wipe) ? null
                    : decision.Effects.HasFlag(GrantEffect.StoreGrant) ? grant
                    : row.Grant,
                Credential =
                    decision.Effects.HasFlag(GrantEffect.Wipe) ? null
                    : decision.Effects.HasFlag(GrantEffect.StoreCredential) ? credential?.Blob
                    : row.Credential,
                CredentialGeneration =
                    decision.Effects.HasFlag(GrantEffect.StoreCredential) && credential is { } c
                        ? c.Generation
                        : row.CredentialGeneration,
            };
            var gate = needsOpenGate ? GateCheck.OpenAt(snapshot.Gate.Epoch) : GateCheck.None;
            var written = await WriteAsync(next, gate, Drafts(next, decision, actor, now), cancellationToken)
                .ConfigureAwait(false);
            switch (written)
            {
                case WriteOutcome.Written:
                    // On the row it was opened for, and where this grant is what the row now holds.
                    if (opened is not null && guess is not null && ReferenceEquals(next.Grant, grant))
                        cache.Replace(new AccountSnapshot(next, snapshot.Gate), opened);
                    return new AccountStep(row, next, snapshot.Gate, decision);
                case WriteOutcome.GateShut when guess is null:
                    return AccountErrors.Suspended();
                default:
                    continue;
            }
        }

        throw new InvalidOperationException("An account row kept changing under its writer.");
    }

    /// <summary>
    /// Writes a row that was read with the version before. The cached credential is dropped whatever the store says:
    /// the write may have succeeded, and a refused one means that the row has changed.
    /// </summary>
    public async Task<WriteOutcome> WriteAsync(
        AccountRow next,
        GateCheck gate,
        IReadOnlyList<LedgerDraft> drafts,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(next);
        try
        {
            return await store
                .UpdateAsync(next, next.Version - 1, gate, drafts, cancellationToken)
                .ConfigureAwait(false);
        }
        finally
        {
            cache.Drop(next.Key);
        }
    }

    private LedgerDraft[] Drafts(AccountRow row, AccountDecision decision, string actor, DateTimeOffset now) =>
        decision.LedgerType is null ? [] : [DraftFor(row, decision.LedgerType, actor, now)];

    public LedgerDraft DraftFor(AccountRow row, string type, string actor, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(row);
        return LedgerEntries.Account(
            ids,
            now,
            type,
            actor,
            new LedgerAccount(row.Key, row.Id, row.Provider),
            row.State.GrantedScopes,
            row.State.Status.ToString(),
            row.State.Reason
        );
    }
}
