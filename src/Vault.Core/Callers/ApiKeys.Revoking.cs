using System.Collections.Immutable;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Ledger;

namespace Vault.Core.Callers;

/// <summary>A revoked key.</summary>
/// <param name="AlsoRevoked">The ids of the keys that were revoked with it, because it was compromised.</param>
public sealed record RevokedApiKey(ApiKeyRow Row, ImmutableArray<string> AlsoRevoked);

// Revoking. The keys that a compromised key made may have been made by an attacker: they are revoked with it.
public sealed partial class ApiKeys
{
    private const int CascadePage = 200;

    /// <summary>Returns after every host has stopped accepting the key (law 8).</summary>
    /// <param name="organization">The organization of the key; null for a platform key.</param>
    /// <param name="id">The key.</param>
    /// <param name="reason">
    /// <see cref="RevocationReasons.Compromised"/> also revokes every key that it made, and those that these made.
    /// </param>
    /// <param name="by">The caller.</param>
    /// <param name="cancellationToken">Cancels; a call with the same arguments continues.</param>
    public async Task<Result<RevokedApiKey>> RevokeAsync(
        OrganizationId? organization,
        string id,
        string reason,
        Caller by,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(by);
        var found = await FindAsync(organization, id, cancellationToken);
        if (!found.TryGet(out var row, out var missing))
            return missing;
        // A key may always revoke itself: a finder of a lost key can make it worthless.
        if (row.Id != by.KeyId && !by.Covers(row))
            return MayMore("revoke");
        var revoked = await EndAsync(row, reason, null, by, cancellationToken);
        if (!revoked.TryGet(out row, out var failed))
            return failed;

        // Another host may have read the row just before the write. It trusts that copy for the freshness period only,
        // so wait for that period. After it the key makes no further key.
        await Task.Delay(options.Freshness, time, cancellationToken);
        if (reason != RevocationReasons.Compromised)
            return new RevokedApiKey(row, []);
        var cascade = await CascadeAsync(row, by, cancellationToken);
        return cascade.TryGet(out var also, out var unfinished) ? new RevokedApiKey(row, also) : unfinished;
    }

    private async Task<Result<ImmutableArray<string>>> CascadeAsync(
        ApiKeyRow root,
        Caller by,
        CancellationToken cancellationToken
    )
    {
        var all = ImmutableArray.CreateBuilder<string>();
        // Level by level: a level is ended on every host before the next is listed, so it does not grow meanwhile.
        List<string> makers = [root.Id];
        while (makers.Count > 0)
        {
            var made = new List<string>();
            foreach (var maker in makers)
            {
                string? after = null;
                while (await store.MadeByAsync(maker, after, CascadePage, cancellationToken) is { Count: > 0 } page)
                {
                    made.AddRange(page);
                    after = page[^1];
                }
            }

            var live = false;
            foreach (var id in made)
            {
                if (await store.FindAsync(id, cancellationToken) is not { RevokedAt: null } row)
                    continue;
                live = true;
                var ended = await EndAsync(row, RevocationReasons.Compromised, root.Id, by, cancellationToken);
                if (ended.Error is { } failed)
                    return failed;
                all.Add(id);
            }

            if (live)
                await Task.Delay(options.Freshness, time, cancellationToken);
            makers = made;
        }

        return all.ToImmutable();
    }

    private async Task<Result<ApiKeyRow>> EndAsync(
        ApiKeyRow row,
        string reason,
        string? with,
        Caller by,
        CancellationToken cancellationToken
    )
    {
        if (row.RevokedAt is not null)
            return row;
        if (
            await RecordAsync(LedgerEvents.ApiKeyRevoked, row, by.KeyId, cancellationToken, key =>
                key with
                {
                    Reason = reason,
                    RevokedWith = with,
                }
            ) is
            { } unrecorded
        )
            return unrecorded;
        var now = time.GetUtcNow();
        return await ChangeAsync(row, r => r with { RevokedAt = r.RevokedAt ?? now }, cancellationToken);
    }
}

/// <summary>Why a key is revoked.</summary>
public static class RevocationReasons
{
    /// <summary>It is no longer needed; the keys that it made stay.</summary>
    public const string Retired = "retired";

    /// <summary>Somebody else may have it; the keys that it made end with it.</summary>
    public const string Compromised = "compromised";

    public static IReadOnlyList<string> All { get; } = [Retired, Compromised];
}
