using Vault.Core.Identity;
using Vault.Core.Sealing;

namespace Vault.Core.Accounts;

/// <summary>A refresh reply that the store could not take (law 4): sealed, on local disk, to be committed later.</summary>
/// <param name="Generation">The generation the reply makes: the attempted one plus one.</param>
public sealed record SpooledReply(
    AccountKey Key,
    AccountId Account,
    string AttemptId,
    long Generation,
    SealedBlob Grant,
    GrantFacts Facts,
    IReadOnlyList<string>? Scopes,
    DateTimeOffset SpooledAt);

/// <summary>Local, fsynced, bounded. An entry is removed only after the store has judged it.</summary>
public interface IReplySpool
{
    /// <summary>Durable when it returns true; false when the spool is full or the disk refuses (the caller still holds the reply and says so).</summary>
    Task<bool> PutAsync(SpooledReply reply, CancellationToken cancellationToken);

    Task<IReadOnlyList<SpooledReply>> ListAsync(int limit, CancellationToken cancellationToken);

    Task RemoveAsync(AccountKey key, string attemptId, CancellationToken cancellationToken);
}

/// <summary>This host, and whether another holder of a lease is certainly dead.</summary>
public interface IHostIdentity
{
    /// <summary>Unique per process start.</summary>
    string Holder { get; }

    /// <summary>True only when the holder can never act again (for example an earlier process on a data folder this one holds an exclusive lock on). When in doubt, false: the lease decides.</summary>
    bool IsDead(string holder);
}

/// <summary>Named points between two durable steps, where tests stop, crash or freeze a process. Production passes <see cref="None"/>.</summary>
public interface ICheckpoints
{
    ValueTask ReachAsync(string name, AccountKey key);

    static ICheckpoints None { get; } = new Nothing();

    private sealed class Nothing : ICheckpoints
    {
        public ValueTask ReachAsync(string name, AccountKey key) => ValueTask.CompletedTask;
    }
}
