using System.Collections.Immutable;
using Vault.Core.Accounts;
using Vault.Core.Connections;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Packs;
using Vault.Core.Sealing;

namespace Vault.Core.Consent;

/// <summary>
/// Stores fresh tokens as a connected account, or revokes them at the provider, so that no unused tokens stay alive.
/// </summary>
public sealed class ConsentCompletion(
    GrantWriter grantWriter,
    ITokenEndpoint endpoint,
    TimeProvider time,
    ConnectOptions options
)
{
    /// <summary>Not cancellable, because the tokens would be lost.</summary>
    public async Task<Result<AccountRow>> StoreGrantAsync(LinkSession link, TokenClient client, TokenSet tokens)
    {
        ArgumentNullException.ThrowIfNull(link);
        ArgumentNullException.ThrowIfNull(tokens);
        client = client with { Parameters = client.Parameters.SetItems(tokens.Parameters) };
        var kept = false;
        using var consumer = Secret.From(client.Connection.ClientId ?? "");
        var own = Own(client, tokens, consumer);
        try
        {
            var identified = await IdentifyAsync(client, tokens, own, link.Request.ExpectedIdentity);
            Result<AccountRow> outcome = identified.TryGet(out var who, out var error)
                ? await grantWriter.StoreGrantAsync(
                    link.Key,
                    client,
                    own is null ? tokens.Secrets : null,
                    own,
                    (row, newGrant) =>
                        Complete(link, tokens, own is not null, who.Identity, row, newGrant) with
                        {
                            Terms = own is null ? endpoint.TermsOf(client) : null,
                        },
                    CancellationToken.None
                )
                : error;
            kept = outcome.IsOk || outcome.Error!.Code == ErrorCatalogue.OutcomeUnknown;
            return outcome;
        }
        catch (StoreUnavailableException e) when (e.MayHaveCommitted)
        {
            // The account may already use the tokens: revoking them would leave it active with a dead grant.
            kept = true;
            throw;
        }
        finally
        {
            // Best effort, also when the store failed before it could store them: the person gets the error either way,
            // and tokens that were not stored are used by no account.
            if (!kept)
                await endpoint.RevokeAsync(client, tokens.Secrets, time.GetUtcNow() + options.CallTimeout);
        }
    }

    private static NewGrant Complete(
        LinkSession link,
        TokenSet tokens,
        bool isStatic,
        ProviderIdentity? identity,
        AccountRow row,
        NewGrant newGrant
    ) =>
        newGrant with
        {
            ConnectionId = link.ConnectionId,
            // A static credential has no known expiry.
            Facts = isStatic
                ? null
                : new GrantFacts(
                    tokens.ObtainedAt,
                    tokens.AccessExpiresAt,
                    tokens.Secrets.RefreshToken is not null,
                    tokens.RefreshExpiresAt,
                    tokens.ObtainedAt
                ),
            RequestedScopes = link.Request.Scopes,
            // RFC 6749 5.1: a response without scope means that the requested scopes were granted.
            GrantedScopes = tokens.Scopes ?? link.Request.Scopes,
            ScopesUnknown = tokens.Scopes is null && link.Request.Scopes.IsEmpty,
            Identity = identity ?? row.State.Identity,
            Parameters = row.State.Parameters.SetItems(tokens.Parameters),
            InstalledBy = link.Request.CreatedBy ?? "system",
            Source = "consent",
            Link = link.Id,
        };

    /// <summary>
    /// Token credentials of RFC 5849 with the key of their client. The client's secret, which signs with them, stays in
    /// the connection: a copy would outlive its rotation. The tokens own the secrets and dispose them.
    /// </summary>
    private static StaticCredential? Own(TokenClient client, TokenSet tokens, Secret consumer)
    {
        if (
            client.Pack.Details.OAuth1 is null
            || tokens.Secrets is not { TokenType: OAuth1Shape.TokenType, RefreshToken: { } tokenSecret }
        )
            return null;
        return new StaticCredential
        {
            Mode = AuthMode.ApiKey,
            Fields = ImmutableSortedDictionary<string, Secret>
                .Empty.Add("consumer_key", consumer)
                .Add("token", tokens.Secrets.AccessToken)
                .Add("token_secret", tokenSecret),
        };
    }

    private async Task<Result<Known>> IdentifyAsync(
        TokenClient client,
        TokenSet tokens,
        StaticCredential? own,
        string? expected
    )
    {
        var identity = tokens.Identity;
        if (identity is null)
        {
            var reply = await endpoint.IdentifyAsync(
                client,
                own is null ? tokens.Secrets : null,
                own,
                time.GetUtcNow() + options.CallTimeout
            );
            if (reply is IdentityReply.Known known)
                identity = known.Identity;
            // The identity that signed in decides whether the grant may be stored. An unknown identity is refused.
            else if (expected is not null && reply is IdentityReply.Unavailable busy)
                return new VaultError(
                    ErrorCatalogue.UpstreamUnavailable,
                    "The provider did not return the identity that signed in. Start again with a new link."
                )
                {
                    RetryAfter = busy.RetryAfter,
                };
        }

        return expected is null || Matches(identity, expected)
            ? new Known(identity)
            : new VaultError(
                ErrorCatalogue.IdentityMismatch,
                "You signed in at the provider with another identity than the expected one. "
                    + "Sign out there, then start again with a new link."
            );
    }

    internal static bool Matches(ProviderIdentity? identity, string expected) =>
        identity is not null
        && (
            string.Equals(identity.Subject, expected, StringComparison.Ordinal)
            || string.Equals(identity.Email, expected, StringComparison.OrdinalIgnoreCase)
        );

    private sealed record Known(ProviderIdentity? Identity);
}
