using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Sealing;
using Vault.Core.Templates;

namespace Vault.Core.Refresh;

/// <summary>
/// Seals a token response, makes it durable on the local disk, and commits it as the account's next generation. It
/// needs
/// nothing that could fail to load: the sealing key is in hand since before the intent (law 4). If the account was
/// revoked during the call, the new grant is revoked at once, because no
/// other host knows it.
/// </summary>
internal sealed class RefreshCommit(
    AccountRunner runner,
    GrantSealing sealing,
    TokenClients clients,
    ITokenEndpoint endpoint,
    UnreportedOutcomes outcomes,
    TimeProvider time,
    LifecycleOptions options,
    ICheckpoints checkpoints,
    IAccountObserver observer
)
{
    /// <param name="intent">The step that wrote the intent; its row is the one the response belongs to.</param>
    /// <param name="former">The grant that was presented; null where none was needed.</param>
    /// <param name="credential">The row's static credential, opened; null where it has none.</param>
    public async Task<Result<AccountStep>> CommitAsync(
        AccountStep intent,
        RefreshLease lease,
        TokenSet tokens,
        GrantTokens? former,
        StaticCredential? credential,
        TokenClient client,
        SealingKey key
    )
    {
        var row = intent.After;

        // A provider that does not rotate may leave the refresh token out of its response: the one in hand stays valid.
        var kept = tokens.Secrets.RefreshToken ?? (row.State.Mints ? null : former?.RefreshToken);
        var merged = new GrantTokens
        {
            AccessToken = tokens.Secrets.AccessToken,
            RefreshToken = kept,
            TokenType = tokens.Secrets.TokenType,
        };
        var generation = row.State.Generation + 1;
        var blob = sealing.SealGrant(key, row.Id, generation, merged, BoundAfter(row, tokens, client));
        var details = new ReplyDetails(
            FactsOf(tokens, row, client, refreshable: row.State.Mints || kept is not null),
            tokens.Scopes,
            tokens.Parameters
        );
        var reply = sealing.WithDetails(
            key,
            new SpooledReply(row.Key, row.Id, lease.AttemptId, generation, blob, null, time.GetUtcNow()),
            details
        );
        await checkpoints.ReachAsync("reply_sealed", row.Key).ConfigureAwait(false);
        var committed = await outcomes
            .CommitAsync(
                reply,
                details,
                new AccountSnapshot(row, intent.Gate),
                lease.CallerWaits ? new OpenGrant(merged, credential, lease.TakenAt) : null
            )
            .ConfigureAwait(false);
        await checkpoints.ReachAsync("reply_committed", row.Key).ConfigureAwait(false);
        if (IsRevoked(committed))
            await RevokeAsync(row.Key, IsStored(committed) ? generation : null, client, merged).ConfigureAwait(false);
        return committed;
    }

    /// <summary>
    /// The new tokens keep the origins of the former ones, or of the credential that minted them. An account of a
    /// connection's own client has neither before its first mint; it is bound now.
    /// </summary>
    private Destinations BoundAfter(AccountRow row, TokenSet tokens, TokenClient client) =>
        (row.Grant ?? row.Credential)?.ReadDestinations() is { } bound
            ? clients.Moved(bound, client, tokens.Parameters)
            : clients.InForce(client, tokens.Parameters);

    private static GrantFacts FactsOf(TokenSet tokens, AccountRow row, TokenClient client, bool refreshable) =>
        new(
            tokens.ObtainedAt,
            tokens.AccessExpiresAt
                ?? (client.Pack.Refresh.AccessLifetime is { } lifetime ? tokens.ObtainedAt + lifetime : null),
            refreshable,
            tokens.RefreshExpiresAt,
            row.State.Grant?.FirstConsentAt ?? tokens.ObtainedAt
        );

    /// <summary>The account was revoked, disconnected or erased while the provider made this grant.</summary>
    private static bool IsRevoked(Result<AccountStep> committed) =>
        committed.TryGet(out var step, out _)
            ? step.After.State.Status is AccountStatus.Revoked or AccountStatus.Disconnected
            : committed.Error?.Code == ErrorCatalogue.AccountNotConnected;

    private static bool IsStored(Result<AccountStep> committed) =>
        committed.TryGet(out var step, out _) && step.Decision.Outcome == AccountOutcome.Changed;

    /// <summary>
    /// Revokes with the token in hand: the due index would list the account only while the gate is open, and an erasure
    /// destroys the key that seals the token. If the call fails, the row says pending and the due index takes over.
    /// </summary>
    /// <param name="stored">The generation the grant was stored as; null when another grant took its place. Then the
    /// provider's response is not written: it says nothing about the grant in the row.</param>
    private async Task RevokeAsync(AccountKey key, long? stored, TokenClient client, GrantTokens grant)
    {
        try
        {
            var reply = await endpoint
                .RevokeAsync(client, grant, time.GetUtcNow() + options.TokenTimeout)
                .ConfigureAwait(false);
            if (stored is not { } generation)
                return;
            await runner
                .ApplyAsync(
                    key,
                    _ => new AccountEvent.UpstreamRevoked(
                        runner.Now,
                        generation,
                        reply.Outcome,
                        reply.Retry,
                        runner.Jitter()
                    ),
                    CancellationToken.None
                )
                .ConfigureAwait(false);
        }
#pragma warning disable CA1031 // The commit succeeded; the row says what is left to do.
        catch (Exception e)
        {
            observer.Failed("late_revocation", key, e);
        }
#pragma warning restore CA1031
    }
}
