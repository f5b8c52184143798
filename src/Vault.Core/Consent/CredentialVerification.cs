using System.Collections.Immutable;
using Vault.Core.Accounts;
using Vault.Core.Connections;
using Vault.Core.Errors;
using Vault.Core.Execution;
using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Packs;

namespace Vault.Core.Consent;

/// <summary>
/// A credential in its stored form, and the result of its verification. It borrows the secrets of the request and owns
/// only a minted grant.
/// </summary>
public sealed class ProvenCredential : IDisposable
{
    public GrantTokens? Grant { get; init; }

    public StaticCredential? Credential { get; init; }

    public GrantFacts? Facts { get; init; }

    public ImmutableArray<string>? Scopes { get; init; }

    public ProviderIdentity? Identity { get; init; }

    public ImmutableSortedDictionary<string, string> Parameters { get; init; } =
        ImmutableSortedDictionary<string, string>.Empty;

    public void Dispose() => Grant?.Dispose();
}

/// <summary>
/// Converts a credential to its stored form and, where requested, verifies it at the provider before anything is
/// stored.
/// </summary>
public sealed class CredentialVerification(ITokenEndpoint endpoint, TimeProvider time, ConnectOptions options)
{
    public async Task<Result<ProvenCredential>> RunAsync(
        TokenClient client,
        CredentialRequest request,
        ImmutableArray<string> scopes
    )
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(request);
        var now = time.GetUtcNow();
        if (request.Mode is null)
        {
            var grant = new GrantTokens
            {
                AccessToken = request.Fields[CredentialRules.AccessToken],
                RefreshToken = request.Fields.GetValueOrDefault(CredentialRules.RefreshToken),
            };
            var facts = new GrantFacts(now, request.ExpiresAt, grant.RefreshToken is not null, null, now);
            return await IdentifyAsync(
                client,
                request,
                new ProvenCredential
                {
                    Grant = grant,
                    Facts = facts,
                    Scopes = request.Scopes,
                }
            );
        }

        // Client credentials mint with the connection's own client, so the account has no secret to store.
        var credential =
            request.Mode == AuthMode.ClientCredentials
                ? null
                : new StaticCredential { Mode = request.Mode.Value, Fields = request.Fields };
        if (request.Mode is AuthMode.ApiKey or AuthMode.Basic)
            return await IdentifyAsync(
                client,
                request,
                new ProvenCredential { Credential = credential, Scopes = request.Scopes }
            );

        // A credential that mints: without verification it is stored without a grant, and the first use mints.
        if (!request.Validate)
            return new ProvenCredential { Credential = credential, Scopes = request.Scopes };
        var minted = await endpoint.MintAsync(client, credential, scopes, now + options.CallTimeout);
        if (minted is not TokenReply.Granted { Tokens: var tokens })
            return Refused(minted);
        return await IdentifyAsync(
            client,
            request,
            new ProvenCredential
            {
                Grant = tokens.Secrets,
                Credential = credential,
                Facts = new GrantFacts(
                    tokens.ObtainedAt,
                    tokens.AccessExpiresAt,
                    true,
                    tokens.RefreshExpiresAt,
                    tokens.ObtainedAt
                ),
                Scopes = tokens.Scopes ?? request.Scopes,
                Identity = tokens.Identity,
                Parameters = tokens.Parameters,
            }
        );
    }

    private async Task<Result<ProvenCredential>> IdentifyAsync(
        TokenClient client,
        CredentialRequest request,
        ProvenCredential proven
    )
    {
        if (!request.Validate && request.ExpectedIdentity is null)
            return proven;
        var identity = proven.Identity;
        if (identity is null)
        {
            var reply = await endpoint.IdentifyAsync(
                client,
                proven.Grant,
                proven.Credential,
                time.GetUtcNow() + options.CallTimeout
            );
            switch (reply)
            {
                case IdentityReply.Known known:
                    identity = known.Identity;
                    break;
                case IdentityReply.Refused refused:
                    return new VaultError(
                        ErrorCatalogue.CredentialInvalid,
                        "credential: the provider refuses it; nothing was stored."
                    )
                    {
                        StatusReason = StatusReason.VerificationFailed,
                        Upstream = refused.Failure,
                    };
                case IdentityReply.NotSent unsent:
                    return UpstreamErrors.NotSent(client.Pack, unsent.Failure);
                case IdentityReply.Unavailable busy:
                    return new VaultError(
                        ErrorCatalogue.UpstreamUnavailable,
                        "The credential could not be verified at the provider; nothing was stored."
                    )
                    {
                        RetryAfter = busy.RetryAfter,
                    };
            }
        }

        if (request.ExpectedIdentity is { } expected && !ConsentCompletion.Matches(identity, expected))
            return new VaultError(
                ErrorCatalogue.IdentityMismatch,
                "expected_identity: the credential belongs to another identity, "
                    + "or the provider does not name its identity; nothing was stored."
            );
        return new ProvenCredential
        {
            Grant = proven.Grant,
            Credential = proven.Credential,
            Facts = proven.Facts,
            Scopes = proven.Scopes,
            Identity = identity,
            Parameters = proven.Parameters,
        };
    }

    private static VaultError Refused(TokenReply reply) =>
        reply switch
        {
            TokenReply.NotActed busy => new(
                ErrorCatalogue.UpstreamUnavailable,
                "The credential could not be verified at the provider; nothing was stored."
            )
            {
                RetryAfter = busy.RetryAfter,
            },
            TokenReply.MayHaveActed => new(
                ErrorCatalogue.UpstreamUnavailable,
                "The provider's response was lost; nothing was stored. "
                    + "A retry is safe: minting does not consume the credential."
            ),
            TokenReply.GrantDead dead => new(
                ErrorCatalogue.CredentialInvalid,
                "credential: the provider refuses it; nothing was stored."
            )
            {
                StatusReason = dead.Reason,
                Upstream = dead.Failure,
            },
            TokenReply.ClientRefused refused => new(
                ErrorCatalogue.CredentialInvalid,
                "credential: the provider refuses the client or its key; nothing was stored."
            )
            {
                StatusReason = refused.Reason,
                Upstream = refused.Failure,
            },
            _ => throw new InvalidOperationException("A token reply of an unknown kind."),
        };
}
