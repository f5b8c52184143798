namespace Vault.Sandbox.Counting;

/// <summary>Totals of one client, or of all.</summary>
public record CounterTotals
{
    /// <summary>Requests at the authorization endpoint.</summary>
    public long AuthorizeHits { get; init; }

    public long ConsentsAllowed { get; init; }

    public long ConsentsDenied { get; init; }

    /// <summary>
    /// Requests that reached the token endpoint, whatever their outcome; including those dropped by a fault.
    /// </summary>
    public long TokenRequests { get; init; }

    /// <summary>Codes that were exchanged for tokens.</summary>
    public long CodeExchanges { get; init; }

    /// <summary>How often a used code was presented again.</summary>
    public long CodeReplays { get; init; }

    /// <summary>Refreshes that issued tokens (also when the response was dropped afterwards).</summary>
    public long Refreshes { get; init; }

    /// <summary>How often a used refresh token was presented: rejected, or accepted within its grace.</summary>
    public long RefreshReplays { get; init; }

    /// <summary>The replays among <see cref="RefreshReplays"/> that a grace window accepted.</summary>
    public long RefreshGraceReuses { get; init; }

    /// <summary>Refreshes rejected by the grant itself, not by a fault.</summary>
    public long RefreshesRefused { get; init; }

    /// <summary>Grants that ended by reuse, idle expiry or absolute expiry.</summary>
    public long FamiliesKilled { get; init; }

    public long ClientCredentialsMints { get; init; }

    public long JwtBearerMints { get; init; }

    /// <summary>Accepted revocation requests, for known tokens or not.</summary>
    public long Revocations { get; init; }

    public long Introspections { get; init; }

    /// <summary>Requests that reached the echo API, whatever their outcome.</summary>
    public long ApiCalls { get; init; }

    public long ApiCallsExpiredToken { get; init; }

    public long ApiCallsRevokedToken { get; init; }

    public long ApiCallsRefusedEarly { get; init; }

    /// <summary>Calls without a bearer token, key or login, or with an unknown one.</summary>
    public long ApiCallsUnknownToken { get; init; }

    /// <summary>Writes that repeated an Idempotency-Key and got the first response again.</summary>
    public long IdempotentDuplicates { get; init; }

    public long ClientAuthFailures { get; init; }
}

/// <summary>All counters since the start or the last reset.</summary>
public sealed record CounterSnapshot : CounterTotals
{
    public required IReadOnlyDictionary<string, CounterTotals> Clients { get; init; }

    /// <summary>By method and route, for example "GET /api/items/{id}".</summary>
    public required IReadOnlyDictionary<string, long> ApiCallsByPath { get; init; }

    /// <summary>By the subject of the token, key or login, including invalid tokens.</summary>
    public required IReadOnlyDictionary<string, long> ApiCallsBySubject { get; init; }

    /// <summary>The maximum number of concurrent token-endpoint calls for one grant.</summary>
    public int MaxConcurrentTokenCallsPerGrant { get; init; }

    /// <summary>The maximum number of concurrent token-endpoint calls.</summary>
    public int MaxConcurrentTokenCalls { get; init; }

    /// <summary>Unhandled exceptions; any value but 0 is a bug of the sandbox.</summary>
    public long UnhandledErrors { get; init; }
}
