using System.Collections.Immutable;
using Vault.Core.Identity;
using Vault.Core.Sealing;

namespace Vault.Core.Accounts;

/// <summary>
/// A new grant or own credential for an account, already sealed, to be installed by whoever owns the account.
/// </summary>
public sealed record NewGrant
{
    public required AccountId Account { get; init; }

    public required string ConnectionId { get; init; }

    public required string Provider { get; init; }

    /// <summary>
    /// The generation <see cref="Grant"/> is sealed under; the installer asked for it before sealing. A row that has
    /// moved on meanwhile refuses it, and the installer seals again.
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

    public ProviderIdentity? Identity { get; init; }

    public ImmutableSortedDictionary<string, string> Parameters { get; init; } =
        ImmutableSortedDictionary<string, string>.Empty;

    public string? MaskedSuffix { get; init; }

    /// <summary>Who did it, for the ledger.</summary>
    public required string InstalledBy { get; init; }

    public string Source { get; init; } = "consent";

    /// <summary>The link of the consent that gave it; null for what was brought.</summary>
    public string? Link { get; init; }

    /// <summary>It replaces what a living account has: one that was withdrawn meanwhile stays withdrawn.</summary>
    public bool Replaces { get; init; }
}
