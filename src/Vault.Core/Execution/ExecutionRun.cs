using System.Collections.Immutable;
using System.Text.Json;
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
    // The ledger's readers and the OCSF export need the effect; it is no field of a draft because only executions have
    // one.
    private static readonly JsonElement[] Effects =
    [
        .. Enum.GetValues<Effect>()
            .Select(e => JsonDocument.Parse($$"""{"effect":"{{e.ToString().ToLowerInvariant()}}"}""").RootElement),
    ];

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

    public string Digest => _digest ??= InputDigest.Of(Order.Input);

    public TimeSpan Elapsed => time.GetElapsedTime(_started);

    public TimeSpan Left => Order.Deadline - time.GetUtcNow();

    public LedgerDraft Draft(string eventId, string type, ExecutionResult? answer) =>
        new()
        {
            EventId = eventId,
            Organization = Key.Organization,
            Type = type,
            Time = time.GetUtcNow(),
            Caller = Order.CallerKey,
            Agent = Order.Agent,
            User = Key.User.Value,
            Delegation = Order.Delegation,
            ExecutionId = Order.ExecutionId,
            AgentRunId = Order.AgentRunId,
            TraceId = TraceId(Order.TraceParent),
            Tool = Tool.Definition.Name,
            ToolVersion = Tool.Definition.Version,
            Account = Order.Account.Value,
            Connection = Key.Connection.Value,
            Provider = Tool.Pack.Id,
            ScopesGranted = Granted,
            ScopesUsed = Used,
            ArgumentDigest = Digest,
            Outcome = answer is null ? null : OutcomeWord(answer.Outcome),
            ErrorCode = answer?.Error?.Code.Code,
            StatusReason = answer?.Error?.StatusReason,
            UpstreamStatus = answer?.Status,
            TotalMs = answer is null ? null : Elapsed.TotalMilliseconds,
            UpstreamMs = answer is null ? null : Upstream.TotalMilliseconds,
            Details = Effects[(int)Tool.Definition.Effect],
        };

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

    public static string OutcomeWord(Outcome outcome) =>
        outcome switch
        {
            Outcome.Succeeded => "succeeded",
            Outcome.FailedBeforeSend => "failed_before_send",
            Outcome.FailedUpstream => "failed_upstream",
            _ => "outcome_unknown",
        };

    private static string? TraceId(string? traceParent) =>
        traceParent is { Length: >= 35 } ? traceParent.Substring(3, 32) : null;
}
