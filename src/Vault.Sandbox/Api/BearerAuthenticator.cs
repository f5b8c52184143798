using System.Runtime.CompilerServices;
using Vault.Sandbox.Counting;
using Vault.Sandbox.Grants;

namespace Vault.Sandbox.Api;

/// <summary>
/// Authorization: Bearer with an access token of this provider (RFC 6750); never in the query string.
/// </summary>
internal sealed class BearerAuthenticator(TokenIndex index, TimeProvider time) : ApiAuthenticator
{
    private static readonly ApiRefusal NoCredential = new(
        401,
        "unauthorized",
        "send Authorization: Bearer with an access token",
        "Bearer realm=\"sandbox\""
    );

    // One caller per token, so the hot path allocates nothing.
    private readonly ConditionalWeakTable<AccessToken, ApiCaller> _callers = [];

    public override string Prefix => "/api";

    public AccessToken? Find(HttpRequest request)
    {
        var header = request.Headers.Authorization;
        return
            header.Count == 1
            && header[0] is { } value
            && value.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)
            && index.TryAccess(value.AsSpan(7).Trim(), out var token)
            ? token
            : null;
    }

    public override (string? Subject, string? ClientId, AccessToken? Token) Identify(HttpRequest request) =>
        Find(request) is { } token ? (token.Family.Subject, token.Family.ClientId, token) : default;

    public (ApiCaller? Caller, ApiRefusal? Refusal) Admit(HttpRequest request)
    {
        var (caller, refusal, _) = Open(request);
        return (caller, refusal);
    }

    public override (ApiCaller? Caller, ApiRefusal? Refusal, Count Counts) Open(HttpRequest request)
    {
        if (request.Query.ContainsKey("access_token"))
        {
            return (
                null,
                ApiRefusal.BadRequest("an access token must not be in the query string"),
                Count.ApiCallsUnknownToken
            );
        }

        if (request.Headers.Authorization.Count == 0)
        {
            return (null, NoCredential, Count.ApiCallsUnknownToken);
        }

        if (Find(request) is not { } token)
        {
            return (
                null,
                ApiRefusal.InvalidToken("the access token is unknown or malformed"),
                Count.ApiCallsUnknownToken
            );
        }

        return token.StateAt(time.GetUtcNow()) switch
        {
            AccessState.Live => (
                _callers.GetValue(token, static t => new ApiCaller(
                    t.Family.Subject,
                    t.Scopes,
                    t.Family.ClientId,
                    "bearer"
                )),
                null,
                default
            ),
            AccessState.Expired => (
                null,
                ApiRefusal.InvalidToken("the access token has expired"),
                Count.ApiCallsExpiredToken
            ),
            AccessState.Revoked => (
                null,
                ApiRefusal.InvalidToken("the access token was revoked"),
                Count.ApiCallsRevokedToken
            ),
            _ => (null, ApiRefusal.InvalidToken("the access token is no longer accepted"), Count.ApiCallsRefusedEarly),
        };
    }
}
