using Vault.Core.Accounts;
using Vault.Core.Callers;
using Vault.Core.Connecting;
using Vault.Core.Organizations;

namespace Vault.TestKit.Contracts;

/// <summary>One store under contract: its ports, and how to close it.</summary>
public sealed class StorePorts : IAsyncDisposable
{
    public required IAccountStore Accounts { get; init; }

    public required IOrganizationStore Organizations { get; init; }

    public required IConnectionStore Connections { get; init; }

    public required IApiKeyStore ApiKeys { get; init; }

    public Func<ValueTask> Close { get; init; } = () => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => Close();
}
