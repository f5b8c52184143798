using Vault.Core.Identity;
using Vault.Core.Sealing;

namespace Vault.Core.Connections;

/// <summary>One configured use of a provider in an organization: OAuth client, scopes, redirect host.</summary>
/// <param name="Id"><c>conn_…</c></param>
/// <param name="ClientSecret">Sealed in the place <see cref="SealContext.ClientSecret"/>; write-only.</param>
/// <param name="SecretGeneration">Counts the client secrets this connection has had.</param>
public sealed record ConnectionRow(
    string Id,
    OrganizationId Organization,
    ConnectionName Name,
    string Provider,
    long Version,
    ConnectionSettings Settings,
    SealedBlob? ClientSecret,
    long SecretGeneration,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt
);
