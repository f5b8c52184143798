namespace Vault.Core.Organizations;

/// <summary>When an erasure started and how many accounts it revoked.</summary>
public sealed record ErasureTally(DateTimeOffset StartedAt, long Accounts);
