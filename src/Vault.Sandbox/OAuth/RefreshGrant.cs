using Vault.Sandbox.Clients;
using Vault.Sandbox.Counting;
using Vault.Sandbox.Grants;
using Vault.Sandbox.Wire;

namespace Vault.Sandbox.OAuth;

/// <summary>
/// grant_type=refresh_token (RFC 6749 section 6). The family decides; this class converts the result and counts it.
/// </summary>
internal sealed class RefreshGrant(TokenIndex index, CounterBook counters, TimeProvider time)
{
    public (TokenReply Reply, OAuthError? Error) Refresh(ClientEntry client, StrictForm form)
    {
        if (form["refresh_token"] is not { } value)
        {
            return (default, OAuthError.InvalidRequest("refresh_token is missing"));
        }

        // A token of another client is rejected before its family is accessed, so that a client cannot kill another
        // one's family.
        if (!index.TryRefresh(value, out var token) || token.Family.ClientId != client.Current.ClientId)
        {
            return (default, OAuthError.InvalidGrant("the refresh token is unknown or was issued to another client"));
        }

        var scopes = form["scope"] is { } asked ? SandboxScopes.Split(asked) : null;
        var result = token.Family.Refresh(token, scopes, time.GetUtcNow());
        var clientId = token.Family.ClientId;
        switch (result)
        {
            case RefreshResult.Issued issued:
                counters.Add(Count.Refreshes, clientId);
                if (issued.Replayed)
                {
                    counters.Add(Count.RefreshReplays, clientId);
                    counters.Add(Count.RefreshGraceReuses, clientId);
                }

                return (new TokenReply(issued.Access, issued.Refresh), null);
            case RefreshResult.Refused refused:
                counters.Add(Count.RefreshesRefused, clientId);
                if (refused.Replayed)
                {
                    counters.Add(Count.RefreshReplays, clientId);
                }

                if (refused.KilledFamily)
                {
                    counters.Add(Count.FamiliesKilled, clientId);
                }

                return (default, new OAuthError(refused.Error, refused.Description));
            default:
                throw new InvalidOperationException("a refresh is either issued or refused");
        }
    }
}
