using System.Collections.Immutable;
using Vault.Core.Accounts;
using Vault.Core.Connections;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Packs;
using Vault.Core.Persistence;

namespace Vault.Core.Execution;

/// <summary>
/// One execution on its way: what was asked, what was found, and how its ledger entries and answer are made from it.
/// </summary>
internal sealed class ExecutionRun(AccountKey key, ExecutionOrder order, Tool tool, TimeProvider time)
{
    private readonly long _started = time.GetTimestamp();
    private string? _digest;

    public AccountKey Key { get; } = key;

    public ExecutionOrder Order { get; } = order;

    /// <summary>As it was asked for; once the account is known, as the account's provider runs it.</summary>
    public Tool Tool { get; set; } = tool;

    public ConnectionRow? Connection { get; set; }

    /// <summary>What the page token held, once it has proved to be the vault's own.</summary>
    public string? Page { get; set; }

    public ImmutableArray<string> Granted { get; set; } = [];

    public ImmutableArray<string> Used { get; set; } = [];

    public TimeSpan Upstream { get; set; }

    /// <summary>An attempt has been sent that may have acted at the provider.</summary>
    public bool MayHaveActed { get; set; }

    public bool Acts => Tool.Definition.Effect != Effect.Read;

    public string Digest => _digest ??= InputDigest.Of(Order.Request.Input);

    public TimeSpan Elapsed => time.GetElapsedTime(_started);

    public TimeSpan Left => Order.Deadline - time.GetUtcNow();

    /// <param name="result">Null for the entry before the call.</param>
    public LedgerDraft Entry(IdFactory ids, string type, ExecutionResult? result) =>
        LedgerEntries.Execution(
            ids,
            time.GetUtcNow(),
            type,
            new LedgerCaller(Order.CallerKey, Order.Agent, Order.Delegation),
            new LedgerRequest(Order.ExecutionId, Order.Request.AgentRunId, Digest, Order.Request.TraceParent),
            new LedgerAccount(Key, Order.Account, Tool.Pack.Id),
            new LedgerTool(
                Tool.Definition.Name,
                Tool.Definition.Version,
                Tool.Definition.Effect switch
                {
                    Effect.Read => "read",
                    Effect.Write => "write",
                    _ => "destructive",
                }
            ),
            Granted,
            Used,
            result is null
                ? null
                : new LedgerResult(OutcomeNames.Of(result.Outcome), result.Error?.Code.Code, result.Error?.StatusReason)
                {
                    UpstreamStatus = result.Status,
                    Total = Elapsed,
                    Upstream = Upstream,
                }
        );

    public ExecutionResult Fail(Outcome outcome, VaultError error)
    {
        // Whatever ended it, an attempt before may have done the work; an error that says "retry" or "reconnect" would
        // have it done twice.
        if (MayHaveActed && Acts && error.Code != ErrorCatalogue.OutcomeUnknown)
            (outcome, error) = (
                Outcome.OutcomeUnknown,
                new VaultError(
                    ErrorCatalogue.OutcomeUnknown,
                    "An attempt was sent and may have acted; then it ended: " + error.Detail
                )
                {
                    Upstream = error.Upstream,
                    UpstreamStatus = error.UpstreamStatus,
                }
            );
        return new ExecutionResult
        {
            ExecutionId = Order.ExecutionId,
            Outcome = outcome,
            Error = error with { ExecutionId = Order.ExecutionId },
            ConnectedAccountId = Order.Account.Value,
            ScopesUsed = Used,
        };
    }

    public ExecutionResult Refuse(VaultError error) => Fail(Outcome.FailedBeforeSend, error);
}
