using Vault.Core.Identity;

namespace Vault.Core.Refresh;

/// <summary>The lease that an attempt holds.</summary>
/// <param name="TakenAt">Monotonic time from before the intent was written.</param>
internal readonly record struct RefreshLease(AccountKey Key, string AttemptId, long TakenAt);
