using Vault.Core.Identity;
using Vault.Core.Sealing;

namespace Vault.Core.Accounts;

/// <summary>
/// A refresh reply that the store could not take (law 4): sealed, on local disk, to be committed later.
/// </summary>
/// <param name="Generation">The generation the reply makes: the attempted one plus one.</param>
public sealed record SpooledReply(
    AccountKey Key,
    AccountId Account,
    string AttemptId,
    long Generation,
    SealedBlob Grant,
    GrantFacts Facts,
    IReadOnlyList<string>? Scopes,
    DateTimeOffset SpooledAt
);
