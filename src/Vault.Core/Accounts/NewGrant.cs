using System.Collections.Immutable;
using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Sealing;

namespace Vault.Core.Accounts;

/// <summary>
/// A new grant or static credential for an account, sealed by the caller; the account's owner stores it.
/// </summary>
public sealed record NewGrant
{
    public required AccountId Account { get; init; }

    public required string ConnectionId { get; init; }

    public required string Provider { get; init; }

    /// <summary>
    /// The generation that <see cref="Grant"/> is sealed for, read before sealing. If the row has another generation by
    /// then, the grant is refused and the caller seals again.
    /// </summary>
    public required long Generation { get; init; }

    public SealedBlob? Grant { get; init; }

    public GrantFacts? Facts { get; init; }

    public SealedBlob? Credential { get; init; }

    public long CredentialGeneration { get; init; }

    /// <summary>
    /// Access tokens are minted on demand from the credential or the connection's client; <see cref="Grant"/> may be
    /// null then.
    /// </summary>
    public bool Mints { get; init; }

    public ImmutableArray<string> RequestedScopes { get; init; } = [];

    public ImmutableArray<string> GrantedScopes { get; init; } = [];

    /// <inheritdoc cref="AccountState.ScopesUnknown"/>
    public bool ScopesUnknown { get; init; }

    /// <inheritdoc cref="AccountState.Unverified"/>
    public bool Unverified { get; init; }

    /// <inheritdoc cref="AccountState.Terms"/>
    public ConsentTerms? Terms { get; init; }

    public ProviderIdentity? Identity { get; init; }

    public ImmutableSortedDictionary<string, string> Parameters { get; init; } =
        ImmutableSortedDictionary<string, string>.Empty;

    public string? MaskedSuffix { get; init; }

    /// <summary>The caller, for the ledger.</summary>
    public required string InstalledBy { get; init; }

    public string Source { get; init; } = "consent";

    /// <summary>The link of the consent that gave it; null for an imported grant.</summary>
    public string? Link { get; init; }

    /// <summary>
    /// It replaces the credential of an active account; an account that was revoked meanwhile stays revoked.
    /// </summary>
    public bool Replaces { get; init; }
}
