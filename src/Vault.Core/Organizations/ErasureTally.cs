namespace Vault.Core.Organizations;

/// <summary>When an erasure was begun, and how many accounts it revoked.</summary>
public sealed record ErasureTally(DateTimeOffset StartedAt, long Accounts);
