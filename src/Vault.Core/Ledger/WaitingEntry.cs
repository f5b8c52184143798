using Vault.Core.Errors;

namespace Vault.Core.Ledger;

/// <summary>
/// An entry on its way into a chain and the caller who waits for it. Touched by the writer's loop only, once queued.
/// </summary>
internal sealed class WaitingEntry(PendingEntry entry, bool fromOutbox, long queuedAt)
{
    private readonly TaskCompletionSource<VaultError?> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public PendingEntry Entry { get; } = entry;

    // Hashed here, on the caller's thread: the loop is one thread for all.
    public LedgerHash BodyDigest { get; } = LedgerHash.Of(entry.Body.Span);

    public bool FromOutbox { get; } = fromOutbox;

    public long QueuedAt { get; } = queuedAt;

    /// <summary>An attempt ended without an answer: the entry may or may not be in the chain.</summary>
    public bool InDoubt { get; set; }

    /// <summary>The store said that something of its group is already there.</summary>
    public bool DuplicateSeen { get; set; }

    /// <summary>
    /// Its outbox row is gone and it is not in the chain: erased, or the answer of another host's move is not visible
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
