using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Packs;
using Vault.Core.Sealing;
using Vault.Core.Templates;

namespace Vault.Core.Refresh;

/// <summary>
/// Revokes an account: first in its row, which is final, then at the provider. In between the row says
/// <see cref="UpstreamRevocation.Pending"/>, and the due index lists it until the provider has responded. So a crash or
/// an outage at any point only delays the second half.
/// </summary>
public sealed class AccountRevoker(
    IAccountStore store,
    AccountRunner runner,
    GrantSealing sealing,
    TokenClients clients,
    ITokenEndpoint endpoint,
    TimeProvider time,
    LifecycleOptions options
)
{
    /// <summary>
    /// Acknowledges when no host uses the credential any more (law 8): after the write, and after the freshness lease
    /// for which other hosts may still use what they read before.
    /// </summary>
    public async Task<Result<RevocationReceipt>> RevokeAsync(
        AccountKey key,
        string requestedBy,
        string reason,
        CancellationToken cancellationToken
    )
    {
        var started = time.GetTimestamp();
        var step = await runner
            .ApplyAsync(
                key,
                _ => new AccountEvent.RevokeWanted(runner.Now, reason),
                cancellationToken,
                actor: requestedBy
            )
            .ConfigureAwait(false);
        if (!step.TryGet(out var done, out var error))
            return error;

        // From here on the caller's cancellation does not count: the row says revoked, so the rest is carried out.
        var lease = Task.Delay(options.FreshnessLease, time, CancellationToken.None);
        var upstream = await FinishUpstreamAsync(Written(done), CancellationToken.None).ConfigureAwait(false);
        await lease.ConfigureAwait(false);
        return new RevocationReceipt(
            done.After.Id,
            time.GetUtcNow(),
            upstream.Outcome,
            upstream.Failure,
            time.GetElapsedTime(started)
        );
    }

    /// <summary>Revokes without the wait, for cascades, which wait once for all accounts.</summary>
    public async Task<Result<RevocationReply>> WithdrawAsync(AccountKey key, AccountEvent what, string requestedBy)
    {
        var step = await runner
            .ApplyAsync(key, _ => what, CancellationToken.None, actor: requestedBy)
            .ConfigureAwait(false);
        return step.TryGet(out var done, out var error)
            ? await FinishUpstreamAsync(Written(done), CancellationToken.None).ConfigureAwait(false)
            : error;
    }

    /// <summary>
    /// Revokes at the provider the grant that the row still holds; the sweep calls it again while it is pending.
    /// Presenting a dead token again is safe (RFC 7009 2.2).
    /// </summary>
    public async Task<RevocationReply> FinishUpstreamAsync(AccountKey key, CancellationToken cancellationToken)
    {
        var snapshot = await store.FindAsync(key, cancellationToken).ConfigureAwait(false);
        return snapshot is null
            ? new RevocationReply(UpstreamRevocation.None, false, null)
            : await FinishUpstreamAsync(snapshot, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc cref="FinishUpstreamAsync(AccountKey, CancellationToken)"/>
    /// <param name="seen">The row as it was just read or written. If it has changed since, at worst a dead token is
    /// presented; the result is written only on the generation that was presented.</param>
    public async Task<RevocationReply> FinishUpstreamAsync(AccountSnapshot seen, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(seen);
        var row = seen.Row;
        if (row.State.Revocation != UpstreamRevocation.Pending)
            return new RevocationReply(row.State.Revocation, false, null);

        var reply = await CallAsync(row, cancellationToken).ConfigureAwait(false);
        var step = await runner
            .ApplyAsync(
                row.Key,
                _ => new AccountEvent.UpstreamRevoked(
                    runner.Now,
                    row.State.Generation,
                    reply.Outcome,
                    reply.Retry,
                    runner.Jitter()
                ),
                CancellationToken.None,
                seen: seen
            )
            .ConfigureAwait(false);
        return step.TryGet(out var done, out _) ? reply with { Outcome = done.After.State.Revocation } : reply;
    }

    private static AccountSnapshot Written(AccountStep step) => new(step.After, step.Gate);

    private async Task<RevocationReply> CallAsync(AccountRow row, CancellationToken cancellationToken)
    {
        if (row.Grant is not { } blob)
            return new RevocationReply(UpstreamRevocation.NoEndpoint, false, null);
        var client = await clients.ForAsync(row, cancellationToken).ConfigureAwait(false);
        if (!client.TryGet(out var who, out var error))
            return Failed(error);
        using (who.ClientSecret)
        {
            // The row says revoked, whatever comes of this. Nothing is opened for another origin (law 10).
            var bound = blob.ReadDestinations();
            IEnumerable<UrlTemplate> endpoints = who.Pack.Details.Revocation is { } shape ? [shape.Url] : [];
            if (bound is not null && PackOrigins.Outside(bound, who.Pack, who.Parameters, endpoints) is { } origin)
                return Failed(PackOrigins.Refuse(bound, origin));
            Result<GrantTokens?> opened;
            try
            {
                opened = await sealing.OpenGrantAsync(row, cancellationToken).ConfigureAwait(false);
            }
            catch (DecryptionFailedException)
            {
                // Altered in the database: there is no token to present, now or later.
                return new RevocationReply(UpstreamRevocation.Refused, false, StatusReason.CredentialUnreadable);
            }

            // An unavailable key service must not make the revocation final: the grant would be wiped here and stay
            // live at the provider.
            if (opened.Error is { } unopened)
                return Failed(unopened);
            using var grant = opened.Value!;
            return await endpoint
                .RevokeAsync(who with { Bound = bound }, grant, time.GetUtcNow() + options.TokenTimeout)
                .ConfigureAwait(false);
        }
    }

    // A changed origin may be back at the next attempt.
    private static RevocationReply Failed(VaultError error) =>
        new(
            UpstreamRevocation.Refused,
            error.Code.CanRetry || error.Code == ErrorCatalogue.DestinationChanged,
            error.Code.Code
        );
}
