using Vault.Core.Identity;

namespace Vault.Core.Organizations;

public sealed record OrganizationRow(
    OrganizationId Id,
    string DisplayName,
    string? ExternalId,
    long Version,
    OrganizationState State,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt
);
