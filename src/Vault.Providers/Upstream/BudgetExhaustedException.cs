namespace Vault.Providers.Upstream;

/// <summary>Too many large responses of one organization wait for memory already.</summary>
internal sealed class BudgetExhaustedException : Exception;
