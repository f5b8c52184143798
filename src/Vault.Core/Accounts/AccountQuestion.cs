using System.Collections.Immutable;
using Vault.Core.Callers;
using Vault.Core.Identity;

namespace Vault.Core.Accounts;

/// <summary>What a request states about the account it means.</summary>
public sealed record AccountQuestion(
    OrganizationId Organization,
    UserId? User,
    string Provider,
    ConnectionName? Connection,
    AccountId? Account,
    string? Label
)
{
    /// <summary>
    /// Other providers whose accounts are suitable as well. One account of each makes the request ambiguous, like two
    /// accounts of one provider.
    /// </summary>
    public ImmutableArray<string> AlternativeProviders { get; init; } = [];

    /// <summary>The asking key's limits: no account outside of them is found.</summary>
    public KeyConstraints Reach { get; init; } = KeyConstraints.None;
}
