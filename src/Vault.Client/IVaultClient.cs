namespace Vault.Client;

/// <summary>
/// The vault's API for an agent runtime. Every member throws a <see cref="VaultException"/>; its subclass says how to
/// react.
/// </summary>
public interface IVaultClient
{
    /// <summary>Executes a tool with a user's connected account. Retried only if that cannot act twice.</summary>
    Task<Execution> ExecuteAsync(ToolCall call, CancellationToken cancellationToken = default);

    /// <summary>Executes a tool and follows its pages to the last one.</summary>
    IAsyncEnumerable<Execution> ExecutePagesAsync(ToolCall call, CancellationToken cancellationToken = default);

    /// <summary>Lists the tools; with a user, each one says what is missing before it can be executed.</summary>
    IAsyncEnumerable<ToolDescription> ListToolsAsync(
        ToolFilter? filter = null,
        CancellationToken cancellationToken = default
    );

    /// <summary>Creates a link with which the user connects an account. It works once and for ten minutes.</summary>
    Task<ConnectLink> CreateLinkAsync(LinkRequest request, CancellationToken cancellationToken = default);

    IAsyncEnumerable<ConnectedAccount> ListAccountsAsync(
        AccountFilter? filter = null,
        CancellationToken cancellationToken = default
    );

    Task<ConnectedAccount> GetAccountAsync(string connectedAccountId, CancellationToken cancellationToken = default);

    /// <summary>When this returns, no host of the vault uses the credential any more.</summary>
    Task<RevocationReceipt> RevokeAccountAsync(
        string connectedAccountId,
        CancellationToken cancellationToken = default
    );

    /// <summary>Reads an execution by its id from the ledger, for example after its response was lost.</summary>
    Task<ExecutionRecord> GetExecutionAsync(string executionId, CancellationToken cancellationToken = default);
}
