namespace Vault.Sandbox.Counting;

/// <summary>Totals of one client, or of all.</summary>
public record CounterTotals
{
    /// <summary>Requests at the authorization endpoint.</summary>
    public long AuthorizeHits { get; init; }

    public long ConsentsAllowed { get; init; }

    public long ConsentsDenied { get; init; }

    /// <summary>
    /// Requests that reached the token endpoint, whatever became of them; also those that a fault swallowed.
    /// </summary>
    public long TokenRequests { get; init; }

    /// <summary>Codes that were exchanged for tokens.</summary>
    public long CodeExchanges { get; init; }

    /// <summary>A spent code was presented again.</summary>
    public long CodeReplays { get; init; }

    /// <summary>Refreshes that were answered with tokens (also when the answer was dropped after acting).</summary>
    public long Refreshes { get; init; }

    /// <summary>An already used refresh token was presented: refused, or accepted inside its grace.</summary>
    public long RefreshReplays { get; init; }

    /// <summary>The replays among <see cref="RefreshReplays"/> that a grace window accepted.</summary>
    public long RefreshGraceReuses { get; init; }

    /// <summary>Refreshes that were answered with an error by the grant itself, not by a fault.</summary>
    public long RefreshesRefused { get; init; }

    /// <summary>Grants that died of reuse, idle or absolute expiry.</summary>
    public long FamiliesKilled { get; init; }

    public long ClientCredentialsMints { get; init; }

    public long JwtBearerMints { get; init; }

    /// <summary>Revocation requests that were accepted, for known tokens or not.</summary>
    public long Revocations { get; init; }

    public long Introspections { get; init; }

    /// <summary>Requests that reached the echo API, whatever became of them.</summary>
    public long ApiCalls { get; init; }

    public long ApiCallsExpiredToken { get; init; }

    public long ApiCallsRevokedToken { get; init; }

    public long ApiCallsRefusedEarly { get; init; }

    /// <summary>Calls with a bearer token, key or login that the sandbox does not know, or with none.</summary>
    public long ApiCallsUnknownToken { get; init; }

    /// <summary>Writes that repeated an Idempotency-Key and got the first answer again.</summary>
    public long IdempotentDuplicates { get; init; }

    public long ClientAuthFailures { get; init; }
}

/// <summary>Everything counted since the start or the last reset.</summary>
public sealed record CounterSnapshot : CounterTotals
{
    public required IReadOnlyDictionary<string, CounterTotals> Clients { get; init; }

    /// <summary>By method and route, for example "GET /api/items/{id}".</summary>
    public required IReadOnlyDictionary<string, long> ApiCallsByPath { get; init; }

    /// <summary>By the subject of the token, key or login; dead tokens included.</summary>
    public required IReadOnlyDictionary<string, long> ApiCallsBySubject { get; init; }

    /// <summary>The most token-endpoint calls that were ever in flight at once for any one grant.</summary>
    public int MaxConcurrentTokenCallsPerGrant { get; init; }

    /// <summary>The most token-endpoint calls that were ever in flight at once, of all grants.</summary>
    public int MaxConcurrentTokenCalls { get; init; }

    /// <summary>Exceptions nobody expected; anything but 0 is a bug of the sandbox.</summary>
    public long UnhandledErrors { get; init; }
}
