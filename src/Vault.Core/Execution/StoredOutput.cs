using Vault.Core.Identity;
using Vault.Core.Sealing;

namespace Vault.Core.Execution;

/// <summary>The whole of a truncated output, readable through its handle for a limited time.</summary>
/// <param name="Body">Sealed in the place <see cref="SealContext.Output"/>.</param>
public sealed record StoredOutput(
    OrganizationId Organization,
    string ExecutionId,
    string ContentType,
    long Length,
    SealedBlob Body,
    DateTimeOffset ExpiresAt
);
