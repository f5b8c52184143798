using Vault.Core.Identity;

namespace Vault.Core.Refresh;

/// <summary>The lease that an attempt holds.</summary>
/// <param name="TakenAt">Monotonic time from before the intent was written. The write of the intent confirmed the row's
/// version and that the gate was open.</param>
/// <param name="CallerWaits">Whether a caller wants the token; false for the sweep, whose accounts may be idle and then
/// take no memory.</param>
/// <param name="PresentsAgain">The refresh token is in doubt and presented once more, past any grace window.</param>
internal readonly record struct RefreshLease(
    AccountKey Key,
    string AttemptId,
    long TakenAt,
    bool CallerWaits,
    bool PresentsAgain = false
);
