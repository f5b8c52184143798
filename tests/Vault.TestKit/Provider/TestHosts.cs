using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Ledger;

namespace Vault.TestKit.Provider;

/// <summary>A host's name, and whom it knows to be dead.</summary>
public sealed class NamedHost(string holder, Func<string, bool>? isDead = null) : IHostIdentity
{
    public string Holder { get; } = holder;

    public bool IsDead(string holder) => isDead?.Invoke(holder) ?? false;
}

/// <summary>A ledger that remembers, and can be down.</summary>
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

/// <summary>Stops a host at a named point, once.</summary>
public sealed class StopAt(string point) : ICheckpoints
{
    private int _met;

    public TaskCompletionSource Reached { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource Go { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public async ValueTask ReachAsync(string name, AccountKey key)
    {
        if (name != point || Interlocked.Exchange(ref _met, 1) != 0)
            return;
        Reached.SetResult();
        await Go.Task.ConfigureAwait(false);
    }
}
