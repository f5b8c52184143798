using System.Collections.Immutable;
using Vault.Core.Identity;

namespace Vault.Core.Accounts;

/// <summary>What a request says about the account it means.</summary>
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
    /// Other providers whose accounts serve as well; an account of each makes the request ambiguous like two of one.
    /// </summary>
    public ImmutableArray<string> AlternativeProviders { get; init; } = [];
}
