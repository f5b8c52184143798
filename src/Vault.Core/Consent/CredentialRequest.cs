using System.Collections.Immutable;
using Vault.Core.Identity;
using Vault.Core.Packs;
using Vault.Core.Sealing;

namespace Vault.Core.Consent;

/// <summary>A credential to import. Disposing zeroes it.</summary>
public sealed class CredentialRequest : IDisposable
{
    /// <summary>Null for tokens that the connection's own OAuth client obtained elsewhere.</summary>
    public required AuthMode? Mode { get; init; }

    /// <summary>The fields, named as in the pack; <c>access_token</c> and <c>refresh_token</c> for tokens.</summary>
    public required ImmutableSortedDictionary<string, Secret> Fields { get; init; }

    /// <summary>When the access token expires; null when unknown.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>
    /// The granted scopes. Null: unknown, except for a credential that mints, which requests the connection's scopes.
    /// </summary>
    public ImmutableArray<string>? Scopes { get; init; }

    public ImmutableSortedDictionary<string, string> Parameters { get; init; } =
        ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Verify it at the provider before it is stored.</summary>
    public bool Validate { get; init; }

    public string? ExpectedIdentity { get; init; }

    public void Dispose()
    {
        foreach (var field in Fields.Values)
            field.Dispose();
    }

    public override string ToString() => $"[credential, {Mode?.ToString() ?? "tokens"}]";
}

/// <summary>The owner of the credential.</summary>
public sealed record CredentialOwner(OrganizationId Organization, UserId User, string Connection, string Label);
