using Vault.Core.Identity;

namespace Vault.Core.Accounts;

/// <summary>Local, fsynced, bounded. An entry is removed only after the store has judged it.</summary>
public interface IReplySpool
{
    /// <summary>
    /// Durable when it returns true; false when the spool is full or the disk refuses (the caller still holds the reply
    /// and says so).
    /// </summary>
    Task<bool> PutAsync(SpooledReply reply, CancellationToken cancellationToken);

    Task<IReadOnlyList<SpooledReply>> ListAsync(int limit, CancellationToken cancellationToken);

    Task RemoveAsync(AccountKey key, string attemptId, CancellationToken cancellationToken);
}
