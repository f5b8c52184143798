using Vault.Core.Identity;

namespace Vault.Core.Connections;

/// <summary>The id of a connection with its organization.</summary>
public readonly record struct ConnectionId(OrganizationId Organization, string Id);
