using Vault.Core.Identity;
using Vault.Core.Sealing;

namespace Vault.Core.Connections;

/// <summary>The configuration of a provider in an organization: OAuth client, scopes, redirect host.</summary>
/// <param name="Id"><c>conn_…</c></param>
/// <param name="ClientSecret">Sealed in the context <see cref="SealContext.ClientSecret"/>; write-only.</param>
/// <param name="SecretGeneration">The number of client secrets this connection has had.</param>
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
