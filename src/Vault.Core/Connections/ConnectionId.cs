using Vault.Core.Identity;

namespace Vault.Core.Connections;

/// <summary>A connection by its id, with the organization it belongs to.</summary>
public readonly record struct ConnectionId(OrganizationId Organization, string Id);
