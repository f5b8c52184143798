using Vault.Core.Identity;
using Vault.Core.Sealing;

namespace Vault.Core.Accounts;

/// <summary>
/// A token response that the store could not take (law 4): sealed, on local disk, to be committed later.
/// </summary>
/// <param name="Generation">The generation that the response becomes: the presented one plus one.</param>
/// <param name="Proof">Seals the digest of the other fields; null in a file of an earlier version.</param>
public sealed record SpooledReply(
    AccountKey Key,
    AccountId Account,
    string AttemptId,
    long Generation,
    SealedBlob Grant,
    GrantFacts Facts,
    IReadOnlyList<string>? Scopes,
    DateTimeOffset SpooledAt,
    SealedBlob? Proof = null
);
