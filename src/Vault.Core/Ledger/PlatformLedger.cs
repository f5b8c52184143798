using Vault.Core.Errors;
using Vault.Core.Identity;

namespace Vault.Core.Ledger;

/// <summary>
/// The ledger of what belongs to no organization: platform keys, packs, imported tools, starts of hosts, commands of
/// operators, failed authentications. It is a chain like every other one, under <see cref="OrganizationId.Platform"/>.
/// </summary>
public sealed class PlatformLedger(ILedger ledger, IdFactory ids, TimeProvider time)
{
    /// <summary>Null when the entry is durable; otherwise the act must not follow (law 7).</summary>
    /// <param name="type">One of <see cref="LedgerEvents"/>.</param>
    /// <param name="caller">A key's id, <c>operator</c> or <c>system</c>.</param>
    /// <param name="details">What is serialized as the entry's details; never a secret.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public ValueTask<VaultError?> RecordAsync(
        string type,
        string caller,
        object details,
        CancellationToken cancellationToken
    ) => ledger.AppendAsync(LedgerEntries.Platform(ids, time.GetUtcNow(), type, caller, details), cancellationToken);
}
