namespace Vault.Sandbox.Counting;

/// <summary>The counters of the sandbox, per client and in total.</summary>
internal enum Count
{
    AuthorizeHits,
    ConsentsAllowed,
    ConsentsDenied,
    TokenRequests,
    CodeExchanges,
    CodeReplays,
    Refreshes,
    RefreshReplays,
    RefreshGraceReuses,
    RefreshesRefused,
    FamiliesKilled,
    ClientCredentialsMints,
    JwtBearerMints,
    Revocations,
    Introspections,
    ApiCalls,
    ApiCallsExpiredToken,
    ApiCallsRevokedToken,
    ApiCallsRefusedEarly,
    ApiCallsUnknownToken,
    IdempotentDuplicates,
    ClientAuthFailures,
}
