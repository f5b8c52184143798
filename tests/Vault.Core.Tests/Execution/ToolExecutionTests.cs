using Vault.Core.Accounts;
using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Execution;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Core.Packs;
using Vault.Core.Tests.Refresh;
using Vault.TestKit.Provider;

namespace Vault.Core.Tests.Execution;

/// <summary>The order of an execution, its ledger and its honesty.</summary>
public sealed class ToolExecutionTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    [Fact]
    public async Task Two_hundred_executions_on_an_expired_token_make_one_refresh_and_no_error()
    {
        using var bench = new ExecutionBench(Rotation.FamilyKill);
        await bench.Accounts.ConnectAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => Task.Run(() => bench.ExecuteAsync())));
        Assert.All(answers, a => Assert.Equal((Outcome.Succeeded, (VaultError?)null), (a.Outcome, a.Error)));
        Assert.Equal((1, 0), (bench.Accounts.Endpoint.Calls, bench.Accounts.Provider.Replays));
        Assert.Single(bench.Upstream.Tokens.Distinct());
    }

    /// <summary>The resolver reads the user's accounts, the refresh reads and writes the row; the fresh token is in hand.</summary>
    [Fact]
    public async Task An_execution_on_an_expired_token_reads_the_row_once_for_its_refresh_and_not_again()
    {
        using var bench = new ExecutionBench();
        await bench.Accounts.ConnectAsync();
        var calls = new List<string>();
        bench.Accounts.Store.Before = call =>
        {
            if (call.StartsWith("accounts.", StringComparison.Ordinal))
                calls.Add(call);
            return Task.CompletedTask;
        };
        Assert.Equal(Outcome.Succeeded, (await bench.ExecuteAsync()).Outcome);
        Assert.Equal(["accounts.find_for_user", "accounts.find", "accounts.update", "accounts.update"], calls);
    }

    [Fact]
    public async Task A_401_buys_exactly_one_refresh_and_one_retry()
    {
        using var bench = new ExecutionBench();
        await bench.Accounts.ConnectAsync(Hour);
        bench.Upstream.Next(ScriptedUpstream.Unauthorized);
        Assert.Equal(Outcome.Succeeded, (await bench.ExecuteAsync(AcmePacks.Send)).Outcome);
        Assert.Equal((1, 2), (bench.Accounts.Endpoint.Calls, bench.Upstream.Tokens.Distinct().Count()));

        bench.Upstream.AlwaysRefuses = true;
        bench.Accounts.Time.Advance(TimeSpan.FromMinutes(5));
        var refused = await bench.ExecuteAsync();
        Assert.Equal(
            (Outcome.FailedUpstream, ErrorCatalogue.UpstreamRejected, 401),
            (refused.Outcome, refused.Error!.Code, refused.Status)
        );
        Assert.Equal((2, 4), (bench.Accounts.Endpoint.Calls, bench.Upstream.Tokens.Count));
    }

    [Fact]
    public async Task An_api_that_always_says_401_costs_the_token_endpoint_little()
    {
        using var bench = new ExecutionBench();
        await bench.Accounts.ConnectAsync(Hour);
        bench.Upstream.AlwaysRefuses = true;
        for (var i = 0; i < 200; i++)
            await bench.ExecuteAsync();
        Assert.InRange(bench.Accounts.Endpoint.Calls, 1, 5);

        // What heals by waiting says how long.
        var answer = await bench.ExecuteAsync();
        Assert.Equal(
            (Outcome.FailedUpstream, ErrorCatalogue.UpstreamUnavailable, 401),
            (answer.Outcome, answer.Error!.Code, answer.Status)
        );
        Assert.True(answer.Error.Code.CanRetry && answer.Error.RetryAfter > TimeSpan.Zero);
    }

    [Fact]
    public async Task Revoked_upstream_is_told_with_its_cause_and_a_way_to_heal_it()
    {
        using var bench = new ExecutionBench();
        await bench.Accounts.ConnectAsync();
        bench.Accounts.Provider.RevokeEverything();
        for (var i = 0; i < 5; i++)
        {
            var answer = await bench.ExecuteAsync();
            Assert.Equal(
                (ErrorCatalogue.AuthRevoked, StatusReason.UserRevoked),
                (answer.Error!.Code, answer.Error.StatusReason)
            );
            Assert.StartsWith(
                "https://vault.example.com/connect/",
                answer.Error.ReconnectUrl,
                StringComparison.Ordinal
            );
        }

        Assert.Equal((1, 0), (bench.Accounts.Endpoint.Calls, bench.Upstream.Tokens.Count));
    }

    [Fact]
    public async Task A_write_that_times_out_is_unknown_and_a_read_is_a_timeout()
    {
        using var bench = new ExecutionBench();
        await bench.Accounts.ConnectAsync(Hour);
        bench.Upstream.Next(
            new UpstreamReply(UpstreamOutcome.TimedOut, null),
            new UpstreamReply(UpstreamOutcome.TimedOut, null)
        );
        var write = await bench.ExecuteAsync(AcmePacks.Send);
        Assert.Equal((Outcome.OutcomeUnknown, ErrorCatalogue.OutcomeUnknown), (write.Outcome, write.Error!.Code));
        var read = await bench.ExecuteAsync();
        Assert.Equal((Outcome.FailedUpstream, ErrorCatalogue.UpstreamTimeout), (read.Outcome, read.Error!.Code));
        Assert.Equal(2, bench.Upstream.Tokens.Count);
    }

    [Fact]
    public async Task A_deadline_that_passes_while_the_write_is_out_is_unknown()
    {
        using var bench = new ExecutionBench();
        await bench.Accounts.ConnectAsync(Hour);
        bench.Upstream.During = cancellation =>
        {
            var never = new TaskCompletionSource();
            cancellation.Register(() => never.TrySetCanceled(cancellation));
            bench.Accounts.Time.Advance(TimeSpan.FromMinutes(1));
            return never.Task;
        };
        Assert.Equal(Outcome.OutcomeUnknown, (await bench.ExecuteAsync(AcmePacks.Send)).Outcome);
        Assert.Equal(
            (Outcome.FailedUpstream, ErrorCatalogue.UpstreamTimeout),
            (await bench.ExecuteAsync() is var read ? (read.Outcome, read.Error!.Code) : default)
        );
        Assert.Equal(LedgerEvents.ExecutionFinished, bench.Ledger.Drafts[^1].Type);
    }

    [Fact]
    public async Task A_write_has_an_entry_before_and_one_after_and_a_read_one()
    {
        using var bench = new ExecutionBench();
        await bench.Accounts.ConnectAsync(Hour);
        bench.Upstream.During = _ =>
        {
            if (bench.Upstream.Tokens.Count == 1)
                Assert.Equal(LedgerEvents.ExecutionStarted, Assert.Single(bench.Ledger.Drafts).Type);
            return Task.CompletedTask;
        };
        var write = await bench.ExecuteAsync(AcmePacks.Send);
        Assert.Equal(
            [LedgerEvents.ExecutionStarted, LedgerEvents.ExecutionFinished],
            bench.Ledger.Drafts.Select(d => d.Type)
        );
        Assert.All(bench.Ledger.Drafts, d =>
            Assert.Equal(
                (write.ExecutionId, "ada", "acme", 64),
                (d.ExecutionId, d.User, d.Connection, d.ArgumentDigest!.Length)
            )
        );
        Assert.Equal("succeeded", bench.Ledger.Drafts[1].Outcome);
        await bench.ExecuteAsync();
        Assert.Equal(3, bench.Ledger.Drafts.Count);
    }

    [Fact]
    public async Task Without_the_ledger_no_write_is_sent_and_no_read_is_answered()
    {
        using var bench = new ExecutionBench();
        await bench.Accounts.ConnectAsync(Hour);
        bench.Ledger.Down = true;
        var write = await bench.ExecuteAsync(AcmePacks.Send);
        Assert.Equal(
            (Outcome.FailedBeforeSend, ErrorCatalogue.LedgerUnavailable, 0),
            (write.Outcome, write.Error!.Code, bench.Upstream.Tokens.Count)
        );
        var read = await bench.ExecuteAsync();
        Assert.Equal(ErrorCatalogue.LedgerUnavailable, read.Error!.Code);
        Assert.Null(read.Data);
    }

    [Fact]
    public async Task A_write_that_has_acted_is_answered_though_the_ledger_went_down_meanwhile()
    {
        using var bench = new ExecutionBench();
        await bench.Accounts.ConnectAsync(Hour);
        bench.Upstream.During = _ =>
        {
            bench.Ledger.Down = true;
            return Task.CompletedTask;
        };
        Assert.Equal(Outcome.Succeeded, (await bench.ExecuteAsync(AcmePacks.Send)).Outcome);
    }

    [Fact]
    public async Task An_approval_is_spent_once_also_when_many_present_it_at_once()
    {
        using var bench = new ExecutionBench();
        await bench.Accounts.ConnectAsync(Hour);
        var asked = (await bench.ExecuteAsync(AcmePacks.Drop)).Error!;
        Assert.Equal(ErrorCatalogue.ApprovalRequired, asked.Code);
        var id = asked.StatusReason!;
        Assert.Equal(ErrorCatalogue.ApprovalRequired, (await bench.ExecuteAsync(AcmePacks.Drop, id)).Error!.Code);
        var row = (await bench.Accounts.Store.Approvals.FindAsync(AccountBench.Acme, id, default))!;
        await bench.Accounts.Store.Approvals.UpdateAsync(
            row with
            {
                Status = ApprovalStatus.Approved,
                DecidedBy = "eve",
                Version = row.Version + 1,
            },
            row.Version,
            default
        );
        Assert.Equal(
            ErrorCatalogue.ApprovalRequired,
            (await bench.ExecuteAsync(AcmePacks.Drop, id, new { other = "input" })).Error!.Code
        );
        var answers = await Task.WhenAll(
            Enumerable.Range(0, 16).Select(_ => Task.Run(() => bench.ExecuteAsync(AcmePacks.Drop, id)))
        );
        Assert.Single(answers, a => a.Outcome == Outcome.Succeeded);
        Assert.All(answers.Where(a => a.Outcome != Outcome.Succeeded), a =>
            Assert.Equal(ErrorCatalogue.ApprovalRequired, a.Error!.Code)
        );
        Assert.Single(bench.Upstream.Tokens);
    }

    [Fact]
    public async Task Trap_an_empty_allow_list_allows_nothing()
    {
        using var bench = new ExecutionBench();
        await bench.Accounts.ConnectAsync(Hour);
        var row = (await bench.Accounts.Store.Connections.FindAsync(AccountBench.Acme, "conn_1", default))!;
        await bench.Accounts.Store.Connections.UpdateAsync(
            row with
            {
                Settings = row.Settings with { Tools = [] },
            },
            row.Version,
            [],
            default
        );
        Assert.Equal(ErrorCatalogue.PolicyDenied, (await bench.ExecuteAsync()).Error!.Code);
        var nothing = ExecutionBench.Caller with { Permissions = [] };
        Assert.Equal(
            ErrorCatalogue.PermissionDenied,
            (await bench.Executor.ExecuteAsync(nothing, ExecutionBench.Request(), default)).Error!.Code
        );
        Assert.Empty(bench.Upstream.Tokens);
    }

    [Fact]
    public async Task A_key_of_another_organization_learns_nothing()
    {
        using var bench = new ExecutionBench();
        await bench.Accounts.ConnectAsync(Hour);
        var foreign = new Caller(
            "key_2",
            new OrganizationId("org_01hyyyyyyyyyyyyyyyyyyyyyyy"),
            [Permission.ToolsExecute]
        );
        Assert.Equal(
            ErrorCatalogue.OrganizationUnknown,
            (await bench.Executor.ExecuteAsync(foreign, ExecutionBench.Request(), default)).Error!.Code
        );
        Assert.Empty(bench.Upstream.Tokens);
    }

    [Fact]
    public async Task Two_accounts_are_a_409_with_candidates_and_none_is_a_way_to_connect()
    {
        using var bench = new ExecutionBench();
        var none = (await bench.ExecuteAsync()).Error!;
        Assert.Equal(
            (ErrorCatalogue.AccountNotConnected, StatusReason.AwaitingConsent),
            (none.Code, none.StatusReason)
        );
        Assert.NotNull(none.ReconnectUrl);
        await bench.Accounts.ConnectAsync(Hour, label: "work");
        await bench.Accounts.ConnectAsync(Hour, label: "home");
        var both = (await bench.ExecuteAsync()).Error!;
        Assert.Equal((ErrorCatalogue.AccountAmbiguous, 2), (both.Code, both.Candidates.Count));
        Assert.Empty(bench.Upstream.Tokens);
    }

    [Fact]
    public async Task After_a_revocation_is_acknowledged_no_execution_uses_the_credential()
    {
        using var bench = new ExecutionBench();
        var key = await bench.Accounts.ConnectAsync(Hour);
        await bench.ExecuteAsync();
        await bench.Accounts.RunAsync(
            bench.Accounts.Host.Revoker.RevokeAsync(key, "key_1", StatusReason.RevokedByRequest, default)
        );
        Assert.Equal(ErrorCatalogue.AuthRevoked, (await bench.ExecuteAsync()).Error!.Code);
        Assert.Single(bench.Upstream.Tokens);
    }

    [Fact]
    public async Task A_token_endpoint_that_is_down_while_the_access_token_lives_is_nobodys_error()
    {
        using var bench = new ExecutionBench();
        var key = await bench.Accounts.ConnectAsync(TimeSpan.FromMinutes(3));
        bench.Accounts.Endpoint.Next(Act.Unavailable, Act.Unavailable, Act.Unavailable);
        await bench.Accounts.Host.RefreshAsync(key, 1, RefreshReason.Scheduled);
        for (var i = 0; i < 10; i++)
            Assert.Equal(Outcome.Succeeded, (await bench.ExecuteAsync()).Outcome);
        Assert.Equal(AccountStatus.Active, (await bench.Accounts.RowAsync(key)).State.Status);
    }
}
