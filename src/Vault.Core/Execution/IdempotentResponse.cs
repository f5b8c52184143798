using Vault.Core.Sealing;

namespace Vault.Core.Execution;

/// <summary>The response that a repeated <c>Idempotency-Key</c> receives.</summary>
/// <param name="Scope">The organization's id, or <c>platform</c>, and the caller's key id: two callers never share a
/// key.</param>
/// <param name="RequestDigest">SHA-256 of method, path and body.</param>
/// <param name="Status">HTTP status of the stored response; null while the first request is under way.</param>
/// <param name="Body">The stored response. In an organization it is sealed in the place <see
/// cref="SealContext.IdempotentResponse"/>.</param>
public sealed record IdempotentResponse(
    string Scope,
    string Key,
    string RequestDigest,
    int? Status,
    string? ContentType,
    SealedBlob? Body,
    DateTimeOffset CreatedAt,
    DateTimeOffset ExpiresAt
);
