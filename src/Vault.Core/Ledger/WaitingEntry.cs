using Vault.Core.Errors;

namespace Vault.Core.Ledger;

/// <summary>
/// An entry on its way into a chain and the caller that waits for it. Once queued, only the writer's loop touches it.
/// </summary>
internal sealed class WaitingEntry(PendingEntry entry, bool fromOutbox, long queuedAt)
{
    private readonly TaskCompletionSource<VaultError?> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public PendingEntry Entry { get; } = entry;

    // Hashed here, on the caller's thread, because the loop is one thread for all callers.
    public LedgerHash BodyDigest { get; } = LedgerHash.Of(entry.Body.Span);

    public bool FromOutbox { get; } = fromOutbox;

    public long QueuedAt { get; } = queuedAt;

    /// <summary>An attempt ended without a reply: the entry may or may not be in the chain.</summary>
    public bool InDoubt { get; set; }

    /// <summary>The store reported that an entry of the group exists already.</summary>
    public bool DuplicateSeen { get; set; }

    /// <summary>
    /// The outbox row is gone and the entry is not in the chain: it was erased, or another host's move is not visible
    /// yet.
    /// </summary>
    public bool Gone { get; private set; }

    public bool Done { get; private set; }

    public Task<VaultError?> Task => _done.Task;

    public void Succeed() => Complete(null);

    public void Vanish()
    {
        Gone = true;
        Complete(null);
    }

    public void Fail(VaultError error) => Complete(error);

    private void Complete(VaultError? error)
    {
        Done = true;
        _done.TrySetResult(error);
    }
}
