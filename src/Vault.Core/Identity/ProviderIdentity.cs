namespace Vault.Core.Identity;

/// <summary>The provider's identity for the account.</summary>
public sealed record ProviderIdentity(string Subject, string? DisplayName, string? Email, string? Tenant);
