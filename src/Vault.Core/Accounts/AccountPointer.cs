using Vault.Core.Identity;

namespace Vault.Core.Accounts;

/// <summary>An account that was found: its key and its id.</summary>
public sealed record AccountPointer(AccountKey Key, AccountId Id);
