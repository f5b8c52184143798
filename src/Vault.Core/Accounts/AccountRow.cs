using Vault.Core.Identity;
using Vault.Core.Sealing;

namespace Vault.Core.Accounts;

/// <summary>
/// A connected account as stored. Every write increments <see cref="Version"/>; a writer states the version it read.
/// </summary>
/// <param name="Grant">The tokens, sealed in the place <see cref="SealContext.Grant"/>; null when wiped.</param>
/// <param name="Credential">A static credential that mints tokens or is used as it is (API key, basic, private key),
/// sealed in the place <see cref="SealContext.Credential"/>.</param>
/// <param name="DueAt">When the sweep takes it up next; null for never. Computed by <c>AccountSchedule</c> at every
/// write.</param>
public sealed record AccountRow(
    AccountId Id,
    AccountKey Key,
    string ConnectionId,
    string Provider,
    long Version,
    AccountState State,
    SealedBlob? Grant,
    SealedBlob? Credential,
    long CredentialGeneration,
    DateTimeOffset? DueAt,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    DateTimeOffset? LastUsedAt = null
);

/// <summary>A row and its organization's gate, read together, so that one round trip confirms both (law 8).</summary>
public sealed record AccountSnapshot(AccountRow Row, Gate Gate);
