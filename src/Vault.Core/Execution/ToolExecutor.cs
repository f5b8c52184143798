using Vault.Core.Accounts;
using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Organizations;
using Vault.Core.Packs;
using Vault.Core.Refresh;

namespace Vault.Core.Execution;

/// <summary>
/// The gateway's half of <c>execute_tool</c>: finds the tool and pins its version, validates the input, checks the
/// caller, finds the account, then calls the owner of the account. Expected failures are in the result; an exception is
/// a bug or an infrastructure failure.
/// </summary>
public sealed class ToolExecutor(
    IPacks packs,
    AccountResolver accounts,
    IToolRuns runs,
    IOrganizationStore organizations,
    Connections.IConnectionStore connections,
    IReconnectLinks links,
    ILedger ledger,
    IdFactory ids,
    TimeProvider time,
    ExecutionOptions options
)
{
    private static readonly ErrorCode[] HealedByConsent =
    [
        ErrorCatalogue.AuthRevoked,
        ErrorCatalogue.ReauthRequired,
        ErrorCatalogue.ScopeMissing,
        ErrorCatalogue.AccountNotConnected,
    ];

    public async Task<ExecutionResult> ExecuteAsync(
        Caller caller,
        ExecutionRequest request,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(caller);
        ArgumentNullException.ThrowIfNull(request);
        var execution = ids.NewExecution();
        var received = time.GetUtcNow();
        if (!packs.TryGetTool(request.ToolName, out var tool))
            return Refuse(
                execution,
                new VaultError(ErrorCatalogue.ToolUnknown, $"There is no tool '{request.ToolName}'.")
            );
        if (request.ToolVersion is { } pinned)
        {
            var current = tool.Definition.Version;
            if (!packs.TryGetVersion(request.ToolName, pinned, out tool))
                return Refuse(
                    execution,
                    new VaultError(
                        ErrorCatalogue.ToolUnknown,
                        $"tool_version: '{request.ToolName}' has version {current}, and no version {pinned}; "
                            + "GET /v1/tools shows the current ones."
                    )
                );
        }
        request = request with { Input = tool.Schema.Normalize(request.Input) };
        var violations = tool.Schema.Validate(request.Input);
        if (violations.Count > 0)
            return Refuse(
                execution,
                new VaultError(
                    ErrorCatalogue.ToolInputInvalid,
                    "The input does not fit the tool's schema: " + violations[0].Path + " " + violations[0].Message
                )
                {
                    Violations = violations,
                }
            );
        return await RunAsync(
                execution,
                caller,
                Permission.ToolsExecute,
                request,
                tool,
                received,
                null,
                cancellationToken
            )
            .ConfigureAwait(false);
    }

    /// <summary>
    /// A raw call through the named connection. The request's input is that of <see cref="ProxyTool"/>; its tool name
    /// is ignored.
    /// </summary>
    /// <param name="caller">Who calls.</param>
    /// <param name="request">The request.</param>
    /// <param name="exchange">The bodies where they are streamed; then the input has none.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public async Task<ExecutionResult> ProxyAsync(
        Caller caller,
        ExecutionRequest request,
        RawExchange? exchange,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(caller);
        ArgumentNullException.ThrowIfNull(request);
        var execution = ids.NewExecution();
        var received = time.GetUtcNow();
        if (request.Connection is not { } name)
            return Refuse(execution, VaultError.Invalid("connection", "is required for a raw call"));
        if (!caller.Reaches(request.Organization))
            return Refuse(
                execution,
                new VaultError(ErrorCatalogue.OrganizationUnknown, "The organization is not known.")
            );
        var connection = await connections
            .FindAsync(request.Organization, name, cancellationToken)
            .ConfigureAwait(false);
        if (connection is null)
            return Refuse(
                execution,
                new VaultError(
                    ErrorCatalogue.ConnectionUnknown,
                    $"There is no connection '{name}' in the organization."
                )
            );
        var made = ProxyTool.Find(packs, ProxyTool.NameOf(connection.Provider), request.Input);
        return made.TryGet(out var tool, out var wrong)
            ? await RunAsync(
                    execution,
                    caller,
                    Permission.ProxyExecute,
                    request,
                    tool,
                    received,
                    exchange,
                    cancellationToken
                )
                .ConfigureAwait(false)
            : Refuse(execution, wrong);
    }

    private async Task<ExecutionResult> RunAsync(
        string execution,
        Caller caller,
        string permission,
        ExecutionRequest request,
        Tool tool,
        DateTimeOffset received,
        RawExchange? exchange,
        CancellationToken cancellationToken
    )
    {
        // The gateway has checked the permission too. This check decides: no caller of the executor can skip it (law
        // 9).
        if (!caller.May(permission))
            return Refuse(execution, new VaultError(ErrorCatalogue.PermissionDenied, $"The key lacks {permission}."));
        if (!caller.Reaches(request.Organization))
            return Refuse(
                execution,
                new VaultError(ErrorCatalogue.OrganizationUnknown, "The organization is not known.")
            );

        // Before the account is looked for: a limited key learns nothing about other users and connections.
        if (Beyond(caller.Constraints, request.User, request.Connection, tool) is { } beyond)
            return await RefuseKnownAsync(execution, caller, request, tool, beyond).ConfigureAwait(false);
        var question = new AccountQuestion(
            request.Organization,
            request.User,
            tool.Pack.Id,
            request.Connection,
            request.Account,
            request.AccountLabel
        )
        {
            AlternativeProviders = [.. packs.CompatibleProviders(tool)],
            Reach = caller.Constraints,
        };
        var resolved = await accounts.ResolveAsync(question, cancellationToken).ConfigureAwait(false);
        if (!resolved.TryGet(out var found, out var error))
            return await RefuseKnownAsync(
                    execution,
                    caller,
                    request,
                    tool,
                    await ExplainAsync(error, question, caller, cancellationToken).ConfigureAwait(false)
                )
                .ConfigureAwait(false);

        var timeout = request.Timeout is { } asked && asked > TimeSpan.Zero ? asked : options.DefaultTimeout;
        if (timeout > options.MaximumTimeout)
            timeout = options.MaximumTimeout;
        var order = new ExecutionOrder
        {
            ExecutionId = execution,
            Account = found.Id,
            PackVersion = tool.Pack.Version,
            // A raw call names no tool; the order names the tool that was made for it.
            Request = request with { ToolName = tool.Definition.Name },
            CallerKey = caller.KeyId,
            CallerLineage = caller.Lineage,
            Agent = caller.Agent,
            Delegation = caller.Delegation,
            Timeout = received + timeout - time.GetUtcNow(),
        };
        var result = await (
            exchange is null
                ? runs.ExecuteAsync(found.Key, order, cancellationToken)
                : runs.ExchangeAsync(found.Key, order, exchange, cancellationToken)
        ).ConfigureAwait(false);
        return result.Error is { ReconnectUrl: null } failed && HealedByConsent.Contains(failed.Code)
            ? await WithReconnectAsync(result, failed, found.Key, caller).ConfigureAwait(false)
            : result;
    }

    private static VaultError? Beyond(KeyConstraints constraints, UserId? user, ConnectionName? connection, Tool tool)
    {
        if (!constraints.AllowsTool(tool.Definition.Name))
            return Limited("tool_name", "tools");
        if (user is { } someone && !constraints.Allows(someone))
            return Limited("user_id", "users");
        return connection is { } name && !constraints.Allows(name) ? Limited("connection", "connections") : null;

        static VaultError Limited(string field, string what) =>
            new(ErrorCatalogue.PermissionDenied, $"{field}: the key is limited to other {what}.");
    }

    /// <summary>Adds the link to an error that a new consent repairs.</summary>
    private async Task<ExecutionResult> WithReconnectAsync(
        ExecutionResult result,
        VaultError error,
        AccountKey key,
        Caller caller
    )
    {
        var url = await links
            .TryMakeAsync(key, [.. error.MissingScopes], caller.KeyId, CancellationToken.None)
            .ConfigureAwait(false);
        return url is null ? result : result with { Error = error with { ReconnectUrl = url } };
    }

    /// <summary>Adds the link where the user has not connected yet and the connection exists.</summary>
    private async Task<VaultError> ExplainAsync(
        VaultError error,
        AccountQuestion question,
        Caller caller,
        CancellationToken cancellationToken
    )
    {
        if (
            error.Code != ErrorCatalogue.AccountNotConnected
            || question.User is not { } user
            || question.Account is not null
        )
            return error;
        if (
            await organizations.FindAsync(question.Organization, cancellationToken).ConfigureAwait(false)
            is not { } organization
        )
            return new VaultError(ErrorCatalogue.OrganizationUnknown, "The organization is not known.");
        if (!organization.State.Gate.Open)
            return AccountErrors.Suspended();

        var name = question.Connection
            ?? (ConnectionName.IsValid(question.Provider) ? new ConnectionName(question.Provider) : null);
        var connection = name is { } n
            ? await connections.FindAsync(question.Organization, n, cancellationToken).ConfigureAwait(false)
            : null;
        if (connection is null && question.Connection is { } asked)
            return new VaultError(
                ErrorCatalogue.ConnectionUnknown,
                $"There is no connection '{asked}' in the organization."
            );
        if (connection is null || connection.Provider != question.Provider)
            return error;
        if (!caller.Constraints.Allows(connection.Name))
            return error;
        var url = await links
            .TryMakeAsync(
                new AccountKey(question.Organization, user, connection.Name, question.Label ?? ""),
                [],
                caller.KeyId,
                cancellationToken
            )
            .ConfigureAwait(false);
        return error with { ReconnectUrl = url, StatusReason = StatusReason.AwaitingConsent };
    }

    private async Task<ExecutionResult> RefuseKnownAsync(
        string execution,
        Caller caller,
        ExecutionRequest request,
        Tool tool,
        VaultError error
    )
    {
        if (error.Code != ErrorCatalogue.OrganizationUnknown)
        {
            // Nothing was executed, so a missing entry does no harm and the append's failure is not reported.
            _ = await ledger
                .AppendAsync(
                    LedgerEntries.Execution(
                        ids,
                        time.GetUtcNow(),
                        LedgerEvents.ExecutionRefused,
                        new LedgerCaller(caller.KeyId, caller.Agent, caller.Delegation),
                        new LedgerRequest(execution, request.AgentRunId, InputDigest.Of(request.Input), null),
                        new LedgerAccount(
                            request.Organization,
                            request.User,
                            request.Account,
                            request.Connection,
                            tool.Pack.Id
                        ),
                        new LedgerTool(tool.Definition.Name, tool.Definition.Version, null),
                        [],
                        [],
                        new LedgerResult(OutcomeNames.Of(Outcome.FailedBeforeSend), error.Code.Code, error.StatusReason)
                    ),
                    CancellationToken.None
                )
                .ConfigureAwait(false);
        }

        return Refuse(execution, error);
    }

    private static ExecutionResult Refuse(string execution, VaultError error) =>
        new()
        {
            ExecutionId = execution,
            Outcome = Outcome.FailedBeforeSend,
            Error = error with { ExecutionId = execution },
        };
}
