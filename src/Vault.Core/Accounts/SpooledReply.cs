using Vault.Core.Identity;
using Vault.Core.Sealing;

namespace Vault.Core.Accounts;

/// <summary>
/// A refresh reply that the store could not take (law 4): sealed, on local disk, to be committed later.
/// </summary>
/// <param name="Generation">The generation the reply makes: the attempted one plus one.</param>
/// <param name="Proof">Seals what the rest says, so that only a host can have said it; null in a file of an earlier
/// version.</param>
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
