using System.Collections.Immutable;
using Vault.Core.Identity;
using Vault.Core.Sealing;

namespace Vault.Core.Accounts;

/// <summary>
/// A token response in the local journal: sealed, and durable before its commit is tried (law 4). A process killed
/// after that loses nothing, because the next one on the folder commits it.
/// </summary>
/// <param name="Generation">The generation that the response becomes: the presented one plus one.</param>
/// <param name="Grant">The sealed tokens, as the row will hold them.</param>
/// <param name="Details">The sealed <see cref="ReplyDetails"/>; null in a file of an earlier version.</param>
public sealed record SpooledReply(
    AccountKey Key,
    AccountId Account,
    string AttemptId,
    long Generation,
    SealedBlob Grant,
    SealedBlob? Details,
    DateTimeOffset SpooledAt
);

/// <summary>What a token response says besides its tokens.</summary>
/// <param name="Scopes">The granted scopes; null when the response has none.</param>
/// <param name="Parameters">The captured parameters.</param>
public sealed record ReplyDetails(
    GrantFacts Facts,
    IReadOnlyList<string>? Scopes,
    ImmutableSortedDictionary<string, string> Parameters
);
