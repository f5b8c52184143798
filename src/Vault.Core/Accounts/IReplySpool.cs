using Vault.Core.Identity;

namespace Vault.Core.Accounts;

/// <summary>
/// A local, fsynced, bounded journal of token responses. Every response is in it before its commit is tried (law 4),
/// and
/// an entry is removed only after the store has decided on it.
/// </summary>
public interface IReplySpool
{
    /// <summary>
    /// True: the response is durable. False: the spool is full or the disk fails, and only the store can keep it.
    /// </summary>
    Task<bool> PutAsync(SpooledReply reply, CancellationToken cancellationToken);

    Task<IReadOnlyList<SpooledReply>> ListAsync(int limit, CancellationToken cancellationToken);

    Task RemoveAsync(AccountKey key, string attemptId, CancellationToken cancellationToken);
}
