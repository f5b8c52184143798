namespace Vault.Client;

/// <summary>
/// What an agent runtime needs of a vault. Every member throws a <see cref="VaultException"/> whose type says what to
/// do.
/// </summary>
public interface IVaultClient
{
    /// <summary>Executes a tool with a user's connected account. Sent again only where that cannot act twice.</summary>
    Task<Execution> ExecuteAsync(ToolCall call, CancellationToken cancellationToken = default);

    /// <summary>Executes and goes on from page to page; ends after the last one.</summary>
    IAsyncEnumerable<Execution> ExecutePagesAsync(ToolCall call, CancellationToken cancellationToken = default);

    /// <summary>The tools there are; with a user, each says what is missing before it can be executed.</summary>
    IAsyncEnumerable<ToolDescription> ListToolsAsync(
        ToolFilter? filter = null,
        CancellationToken cancellationToken = default
    );

    /// <summary>A link by which the user connects an account, good once and for ten minutes.</summary>
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

    /// <summary>An execution by its id, from the ledger: what is known of one whose answer was lost.</summary>
    Task<ExecutionRecord> GetExecutionAsync(string executionId, CancellationToken cancellationToken = default);
}
