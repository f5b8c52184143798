using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Organizations;

namespace Vault.Core.Tests.Refresh;

/// <summary>A row that was read before saves a read; the store decides whether it is current.</summary>
public sealed class AccountRunnerTests
{
    [Fact]
    public async Task A_refresh_costs_one_reading_and_two_writes_of_the_account()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync();
        var calls = new List<string>();
        bench.Store.Before = call =>
        {
            if (call.StartsWith("accounts.", StringComparison.Ordinal))
                calls.Add(call);
            return Task.CompletedTask;
        };
        Assert.Equal(2, (await bench.Host.RefreshAsync(key, 1)).Value.Generation);
        Assert.Equal(["accounts.find", "accounts.update", "accounts.update"], calls);
    }

    [Fact]
    public async Task What_was_seen_and_has_changed_since_is_read_again()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync(TimeSpan.FromHours(1));
        var seen = (await bench.Store.Accounts.FindAsync(key, default))!;
        await bench.RunAsync(bench.Host.Revoker.RevokeAsync(key, "revoked_by_request", "key_1", default));
        var step = (await bench.Host.Runner.ApplyAsync(key, s => Wanted(bench, s), default, seen: seen)).Value;
        Assert.Equal(
            (AccountStatus.Revoked, AccountOutcome.NotUsable),
            (step.Before.State.Status, step.Decision.Outcome)
        );
    }

    [Fact]
    public async Task What_leaves_the_row_as_it_is_is_decided_on_the_row_as_it_is()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync(TimeSpan.FromHours(1));
        var seen = (await bench.Store.Accounts.FindAsync(key, default))!;
        bench.Time.Advance(TimeSpan.FromHours(1));
        await bench.Host.RefreshAsync(key, 1);
        var step = (
            await bench.Host.Runner.ApplyAsync(
                key,
                s => new AccountEvent.RefreshWanted(
                    seen.Row.State.Grant!.AccessExpiresAt!.Value.AddMinutes(-50),
                    RefreshReason.Scheduled,
                    "att_x",
                    "host-x",
                    null,
                    false,
                    0
                ),
                default,
                seen: seen
            )
        ).Value;
        Assert.Equal(2, step.Before.State.Generation);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_gate_that_was_seen_shut_or_has_moved_since_is_looked_at_again(bool seenShut)
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync();
        var seen = (await bench.Store.Accounts.FindAsync(key, default))!;
        if (seenShut)
            seen = seen with { Gate = new Gate(false, seen.Gate.Epoch) };
        await bench.ShutGateAsync();
        await bench.MoveGateAsync(new OrganizationEvent.ResumeWanted(bench.Now));
        Assert.True(
            (
                await bench.Host.Runner.ApplyAsync(key, s => Wanted(bench, s), default, needsOpenGate: true, seen: seen)
            ).IsOk
        );
        await bench.ShutGateAsync();
        Assert.Equal(
            ErrorCatalogue.OrganizationSuspended,
            (await bench.Host.Runner.ApplyAsync(key, s => Wanted(bench, s), default, needsOpenGate: true, seen: seen))
                .Error!
                .Code
        );
    }

    private static AccountEvent.RefreshWanted Wanted(AccountBench bench, AccountSnapshot snapshot) =>
        new(
            bench.Now,
            RefreshReason.Manual,
            "att_" + snapshot.Row.Version,
            "host-x",
            snapshot.Row.State.Generation,
            false,
            0
        );
}
