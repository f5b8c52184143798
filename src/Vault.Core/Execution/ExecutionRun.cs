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
/// The state of one execution on the owner of its account: the order, what the checks have found, and how its ledger
/// entries and its result are made from them.
/// </summary>
internal sealed class ExecutionRun(AccountKey key, ExecutionOrder order, Tool tool, TimeProvider time)
{
    private readonly long _started = time.GetTimestamp();
    private string? _digest;

    public AccountKey Key { get; } = key;

    public ExecutionOrder Order { get; } = order;

    /// <summary>The tool as requested; once the account is known, the same tool of the account's provider.</summary>
    public Tool Tool { get; set; } = tool;

    /// <summary>The bodies of a raw call that is streamed; null for every other call.</summary>
    public RawExchange? Exchange { get; init; }

    public ConnectionRow? Connection { get; set; }

    /// <summary>The content of the page token, once its seal has been verified.</summary>
    public string? Page { get; set; }

    public ImmutableArray<string> Granted { get; set; } = [];

    public ImmutableArray<string> Used { get; set; } = [];

    /// <summary>The approval that this execution has used.</summary>
    public ApprovalRow? Approval { get; set; }

    public TimeSpan Upstream { get; set; }

    /// <summary>Whether a response repeated the credential; it was removed.</summary>
    public bool CredentialEchoed { get; set; }

    /// <summary>An attempt was sent that may have acted at the provider.</summary>
    public bool MayHaveActed { get; set; }

    public bool Acts => Tool.Definition.Effect != Effect.Read;

    public string Digest => _digest ??= InputDigest.Of(Order.Request.Input);

    public TimeSpan Elapsed => time.GetElapsedTime(_started);

    public TimeSpan Left => Order.Timeout - Elapsed;

    /// <summary>When <see cref="Left"/> is used up, on this host's clock.</summary>
    public DateTimeOffset Deadline => time.GetUtcNow() + Left;

    /// <param name="result">Null for the entry that is written before the call.</param>
    public LedgerDraft Entry(IdFactory ids, string type, ExecutionResult? result) =>
        LedgerEntries.Execution(
            ids,
            time.GetUtcNow(),
            type,
            new LedgerCaller(Order.CallerKey, Order.Agent, Order.Delegation),
            new LedgerRequest(Order.ExecutionId, Order.Request.AgentRunId, Digest, Order.Request.TraceParent)
            {
                Approval = Approval is { } used ? new LedgerApproval(used.Id, used.DecidedWith, used.DecidedBy) : null,
            },
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
                    CredentialEchoed = CredentialEchoed,
                }
        );

    public ExecutionResult Fail(Outcome outcome, VaultError error)
    {
        // An earlier attempt may have acted, whatever ended the execution. An error that advises a retry or a reconnect
        // would make the caller act twice.
        if (MayHaveActed && Acts && error.Code != ErrorCatalogue.OutcomeUnknown)
            (outcome, error) = (
                Outcome.OutcomeUnknown,
                new VaultError(
                    ErrorCatalogue.OutcomeUnknown,
                    "An attempt was sent and may have acted; then the execution failed: " + error.Detail
                )
                {
                    Upstream = error.Upstream,
                    UpstreamStatus = error.UpstreamStatus,
                    UpstreamContent = error.UpstreamContent,
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
