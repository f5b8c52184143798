using System.Collections.Concurrent;
using System.Text.Json;
using Vault.Core.Accounts;
using Vault.Core.Callers;
using Vault.Core.Execution;
using Vault.Core.Identity;
using Vault.Core.Packs;
using Vault.Core.Refresh;
using Vault.Core.Tests.Refresh;
using Vault.TestKit;
using Vault.TestKit.Provider;

namespace Vault.Core.Tests.Execution;

/// <summary>
/// The real executor and runner over an upstream that answers what a test scripts; unscripted, it accepts the newest
/// access token only.
/// </summary>
public sealed class ExecutionBench : IDisposable
{
    public ExecutionBench(Rotation rotation = Rotation.SingleUse)
    {
        Accounts = new AccountBench(rotation);
        Upstream = new ScriptedUpstream();
        var a = Accounts;
        Guard = new ExecutionGuard(
            a.Store.Organizations,
            a.Store.Approvals,
            new Quotas(a.Time),
            a.Sealer,
            a.Ids,
            a.Time,
            a.Options,
            Options
        );
        Runner = new ToolRunner(
            a.Host.Cache,
            a.Host.Runner,
            a.Host.Refresher,
            a.Host.Binder,
            a.Packs,
            a.Store.Connections,
            Upstream,
            new NoRawCalls(),
            Ledger,
            Guard,
            new OutputKeeper(a.Store.Outputs, a.Keyring, a.Sealer, a.Time, Options),
            a.Sealer,
            new UseLog(),
            ScopeUses,
            a.Ids,
            a.Time,
            a.Options,
            IAccountObserver.None
        );
        Executor = new ToolExecutor(
            a.Packs,
            a.Host.Resolver,
            Runner,
            a.Store.Organizations,
            a.Store.Connections,
            new Links(),
            Ledger,
            a.Ids,
            a.Time,
            Options
        );
    }

    public static Caller Caller { get; } = new("key_1", AccountBench.Acme, [Permission.ToolsExecute]);

    public AccountBench Accounts { get; }

    public ScriptedUpstream Upstream { get; }

    public Vault.Core.Scopes.ScopeUseLog ScopeUses { get; } = new();

    public MemoryLedger Ledger { get; } = new();

    public ExecutionOptions Options { get; } = new();

    public ExecutionGuard Guard { get; }

    public ToolRunner Runner { get; }

    public ToolExecutor Executor { get; }

    public static ExecutionRequest Request(
        string tool = AcmePacks.List,
        string? approval = null,
        object? input = null
    ) =>
        new()
        {
            ToolName = tool,
            Organization = AccountBench.Acme,
            User = AccountBench.Ada,
            Input = JsonSerializer.SerializeToElement(input ?? new { }),
            ApprovalId = approval,
        };

    public Task<ExecutionResult> ExecuteAsync(
        string tool = AcmePacks.List,
        string? approval = null,
        object? input = null
    ) => Executor.ExecuteAsync(Caller, Request(tool, approval, input), default);

    public void Dispose() => Accounts.Dispose();

    private sealed class Links : IReconnectLinks
    {
        public Task<string?> TryMakeAsync(
            AccountKey key,
            System.Collections.Immutable.ImmutableArray<string> missingScopes,
            string requestedBy,
            CancellationToken cancellationToken
        ) => Task.FromResult<string?>("https://vault.example.com/connect/token");
    }
}

/// <summary>
/// An upstream that answers from a script, then with 200; it remembers which access tokens it was shown.
/// </summary>
public sealed class ScriptedUpstream : IUpstream
{
    private readonly ConcurrentQueue<UpstreamReply> _script = new();
    private readonly ConcurrentQueue<string> _tokens = new();

    public IReadOnlyCollection<string> Tokens => _tokens;

    public List<string?> Pages { get; } = [];

    /// <summary>Answers 401 to everything that is not scripted.</summary>
    public bool AlwaysRefuses { get; set; }

    /// <summary>Awaited in the middle of every call.</summary>
    public Func<CancellationToken, Task>? During { get; set; }

    public static UpstreamReply Unauthorized { get; } = new(UpstreamOutcome.CredentialRejected, 401);

    public void Next(params UpstreamReply[] replies)
    {
        foreach (var reply in replies)
            _script.Enqueue(reply);
    }

    public async Task<UpstreamReply> SendAsync(ToolCall call, CancellationToken cancellationToken)
    {
        lock (Pages)
            Pages.Add(call.PageToken);
        _tokens.Enqueue(call.Grant!.AccessToken.RevealText());
        if (During is { } during)
            await during(cancellationToken);
        if (_script.TryDequeue(out var reply))
            return reply;
        return AlwaysRefuses
            ? Unauthorized
            : new UpstreamReply(UpstreamOutcome.Succeeded, 200)
            {
                Data = JsonSerializer.SerializeToElement(new { ok = true }),
            };
    }
}
