using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Ledger;

namespace Vault.TestKit.Provider;

/// <summary>A host with a name, and the hosts it knows to be dead.</summary>
public sealed class NamedHost(string holder, Func<string, bool>? isDead = null) : IHostIdentity
{
    public string Holder { get; } = holder;

    public bool IsDead(string holder) => isDead?.Invoke(holder) ?? false;
}

/// <summary>A ledger in memory that can be made unavailable.</summary>
public sealed class MemoryLedger : ILedger
{
    private readonly Lock _lock = new();
    private readonly List<LedgerDraft> _drafts = [];

    public bool Down { get; set; }

    public IReadOnlyList<LedgerDraft> Drafts
    {
        get
        {
            lock (_lock)
                return [.. _drafts];
        }
    }

    public ValueTask<VaultError?> AppendAsync(LedgerDraft draft, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (Down)
                return new(new VaultError(ErrorCatalogue.LedgerUnavailable, "Down."));
            _drafts.Add(draft);
            return new((VaultError?)null);
        }
    }
}

/// <summary>Pauses a host once at a named checkpoint.</summary>
public sealed class StopAt(string point) : ICheckpoints
{
    private int _passed;

    public TaskCompletionSource Reached { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource Go { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public async ValueTask ReachAsync(string name, AccountKey key)
    {
        if (name != point || Interlocked.Exchange(ref _passed, 1) != 0)
            return;
        Reached.SetResult();
        await Go.Task.ConfigureAwait(false);
    }
}
