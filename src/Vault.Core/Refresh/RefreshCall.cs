using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.OAuth;
using Vault.Core.Sealing;

namespace Vault.Core.Refresh;

/// <summary>
/// The call to the token endpoint that an intent allows: opens the refresh token, checks the lease, sends, and writes
/// the outcome. It sends at most once (law 5). Whatever happens, the outcome gets a name: a call that was not sent
/// returns the lease, and a call that may have acted is in doubt.
/// </summary>
internal sealed class RefreshCall(
    AccountRunner runner,
    GrantSealing sealing,
    ITokenEndpoint endpoint,
    PreSendCheck check,
    RefreshCommit commit,
    UnreportedOutcomes outcomes,
    ProviderIncidents incidents,
    TimeProvider time,
    ICheckpoints checkpoints,
    IAccountObserver observer
)
{
    /// <summary>Returns the step that wrote the outcome, or the error if nothing was sent.</summary>
    /// <param name="intent">The step that wrote the intent.</param>
    public async Task<Result<AccountStep>> RunAsync(
        AccountStep intent,
        RefreshLease lease,
        TokenClient client,
        SealingKey key
    )
    {
        var row = intent.After;
        Result<GrantTokens?> openedGrant;
        Result<StaticCredential?> openedCredential;
        try
        {
            // The row that holds the intent: its grant is of the generation that is presented.
            openedGrant = await sealing.OpenGrantAsync(row, CancellationToken.None).ConfigureAwait(false);
            openedCredential = await sealing.OpenCredentialAsync(row, CancellationToken.None).ConfigureAwait(false);
        }
        catch (DecryptionFailedException e)
        {
            observer.Failed(StatusReason.CredentialUnreadable, row.Key, e);
            await outcomes
                .ReportNotSentAsync(row.Key, lease.AttemptId, StatusReason.CredentialUnreadable)
                .ConfigureAwait(false);
            return AccountErrors.Unreadable();
        }
        catch
        {
            await outcomes.ReportNotSentAsync(row.Key, lease.AttemptId, "sealing_broken").ConfigureAwait(false);
            throw;
        }

        using var grant = openedGrant.IsOk ? openedGrant.Value : null;
        using var credential = openedCredential.IsOk ? openedCredential.Value : null;
        if ((openedGrant.Error ?? openedCredential.Error) is { } unopened)
        {
            await outcomes.ReportNotSentAsync(row.Key, lease.AttemptId, "sealing_unavailable").ConfigureAwait(false);
            return unopened;
        }

        await checkpoints.ReachAsync("before_send", row.Key).ConfigureAwait(false);
        if (await check.CheckAsync(lease).ConfigureAwait(false) is { } stopped)
            return stopped;
        var deadline = check.DeadlineFor(row, lease);
        var started = time.GetTimestamp();
        var answered = await SendAsync(row, client, grant, credential, deadline).ConfigureAwait(false);
        await checkpoints.ReachAsync("reply_received", row.Key).ConfigureAwait(false);
        observer.TokenEndpointAnswered(row.Provider, answered.GetType().Name, time.GetElapsedTime(started));
        var reply = incidents.Classify(row, answered);
        if (reply is not TokenReply.Granted granted)
            return await outcomes
                .ReportAsync(row.Key, () => FailureEvent(row, lease.AttemptId, reply))
                .ConfigureAwait(false);
        using (granted.Tokens.Secrets)
            return await commit
                .CommitAsync(intent, lease, granted.Tokens, grant, credential, client, key)
                .ConfigureAwait(false);
    }

    private async Task<TokenReply> SendAsync(
        AccountRow row,
        TokenClient client,
        GrantTokens? grant,
        StaticCredential? credential,
        DateTimeOffset deadline
    )
    {
        try
        {
            return row.State.Mints
                    ? await endpoint
                        .MintAsync(client, credential, row.State.RequestedScopes, deadline)
                        .ConfigureAwait(false)
                : grant?.RefreshToken is { } token
                    ? await endpoint.RefreshAsync(client, token, deadline).ConfigureAwait(false)
                : new TokenReply.GrantDead(StatusReason.CredentialExpired, "no_refresh_token");
        }
#pragma warning disable CA1031 // A fault of our client does not show what the provider did: it may have acted.
        catch (Exception e)
        {
            observer.Failed("token_endpoint", row.Key, e);
            return new TokenReply.MayHaveActed("internal");
        }
#pragma warning restore CA1031
    }

    private AccountEvent FailureEvent(AccountRow row, string attemptId, TokenReply reply) =>
        reply switch
        {
            TokenReply.NotActed r => new AccountEvent.RefreshNotActed(
                runner.Now,
                attemptId,
                r.Failure,
                r.RetryAfter,
                runner.Jitter(),
                r.Refused
            ),
            TokenReply.MayHaveActed r => new AccountEvent.RefreshMayHaveActed(
                runner.Now,
                attemptId,
                r.Failure,
                runner.Jitter(),
                r.RetryAfter
            ),
            TokenReply.GrantDead r => new AccountEvent.RefreshFoundDead(
                runner.Now,
                attemptId,
                row.State.Generation,
                r.Reason,
                r.Failure
            ),
            TokenReply.ClientRefused r => new AccountEvent.RefreshClientRefused(
                runner.Now,
                attemptId,
                r.Reason,
                r.Failure,
                runner.Jitter(),
                r.Unexplained
            ),
            _ => throw new InvalidOperationException("Not a failure: " + reply.GetType().Name),
        };
}
