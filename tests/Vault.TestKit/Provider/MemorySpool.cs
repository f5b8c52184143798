using Vault.Core.Accounts;
using Vault.Core.Identity;

namespace Vault.TestKit.Provider;

/// <summary>A host's reply spool in memory. It survives a crash of the host, like a disk.</summary>
public sealed class MemorySpool : IReplySpool
{
    private readonly Lock _lock = new();
    private readonly List<SpooledReply> _replies = [];

    /// <summary>Whether the spool refuses replies, like a full disk.</summary>
    public bool Full { get; set; }

    /// <summary>The number of replies it took.</summary>
    public int Puts { get; private set; }

    public IReadOnlyList<SpooledReply> Replies
    {
        get
        {
            lock (_lock)
                return [.. _replies];
        }
    }

    public Task<bool> PutAsync(SpooledReply reply, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (Full)
                return Task.FromResult(false);
            _replies.Add(reply);
            Puts++;
            return Task.FromResult(true);
        }
    }

    public Task<IReadOnlyList<SpooledReply>> ListAsync(int limit, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<SpooledReply>>([.. Replies.Take(limit)]);

    public Task RemoveAsync(AccountKey key, string attemptId, CancellationToken cancellationToken)
    {
        lock (_lock)
            _replies.RemoveAll(r => r.Key == key && r.AttemptId == attemptId);
        return Task.CompletedTask;
    }
}
