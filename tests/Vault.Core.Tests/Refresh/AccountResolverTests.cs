using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.TestKit.Provider;

namespace Vault.Core.Tests.Refresh;

public sealed class AccountResolverTests
{
    private static AccountQuestion Ask(
        string? user = "ada",
        AccountId? account = null,
        string? label = null,
        string? connection = null,
        string provider = AcmePacks.Id
    ) =>
        new(
            AccountBench.Acme,
            user is null ? null : new UserId(user),
            provider,
            connection is null ? null : new ConnectionName(connection),
            account,
            label
        );

    [Fact]
    public async Task Several_that_fit_are_a_409_with_candidates_never_a_guess()
    {
        using var bench = new AccountBench();
        var work = await bench.ConnectAsync(TimeSpan.FromHours(1), label: "work");
        var home = await bench.ConnectAsync(TimeSpan.FromHours(1), label: "home");
        var error = (await bench.Host.Resolver.ResolveAsync(Ask(), default)).Error!;
        Assert.Equal((ErrorCatalogue.AccountAmbiguous, 409), (error.Code, error.Code.Status));
        Assert.Equal(["home", "work"], error.Candidates.Select(c => c.Label).Order());
        Assert.Equal(work, (await bench.Host.Resolver.ResolveAsync(Ask(label: "work"), default)).Value.Key);
        var id = (await bench.RowAsync(home)).Id;
        Assert.Equal(home, (await bench.Host.Resolver.ResolveAsync(Ask(account: id), default)).Value.Key);
    }

    [Fact]
    public async Task Trap_the_only_token_the_user_has_is_not_taken_for_another_connection()
    {
        using var bench = new AccountBench();
        await bench.ConnectAsync(TimeSpan.FromHours(1));
        Assert.Equal(
            ErrorCatalogue.AccountNotConnected,
            (await bench.Host.Resolver.ResolveAsync(Ask(connection: "other"), default)).Error!.Code
        );
        Assert.Equal(
            ErrorCatalogue.AccountNotConnected,
            (await bench.Host.Resolver.ResolveAsync(Ask(provider: "other"), default)).Error!.Code
        );
        Assert.Equal(
            ErrorCatalogue.AccountNotConnected,
            (await bench.Host.Resolver.ResolveAsync(Ask("eve"), default)).Error!.Code
        );
        Assert.Equal(
            ErrorCatalogue.InvalidRequest,
            (await bench.Host.Resolver.ResolveAsync(Ask(null), default)).Error!.Code
        );
    }

    [Fact]
    public async Task An_account_of_a_provider_that_runs_the_tool_too_is_found_and_counts_for_ambiguity()
    {
        using var bench = new AccountBench();
        var key = await bench.ConnectAsync(TimeSpan.FromHours(1), label: "first");
        await bench.ConnectAsync(TimeSpan.FromHours(1), label: "second");
        var question = Ask(provider: "lender") with { AlternativeProviders = [AcmePacks.Id] };
        Assert.Equal(
            key,
            (await bench.Host.Resolver.ResolveAsync(question with { Label = "first" }, default)).Value.Key
        );
        Assert.Equal(
            key,
            (
                await bench.Host.Resolver.ResolveAsync(
                    question with
                    {
                        Account = (await bench.RowAsync(key)).Id,
                    },
                    default
                )
            )
                .Value
                .Key
        );
        Assert.Equal(
            ErrorCatalogue.AccountAmbiguous,
            (await bench.Host.Resolver.ResolveAsync(question, default)).Error!.Code
        );
    }

    [Fact]
    public async Task An_id_must_be_of_the_user_that_is_named()
    {
        using var bench = new AccountBench();
        var id = (await bench.RowAsync(await bench.ConnectAsync(TimeSpan.FromHours(1)))).Id;
        Assert.Equal(
            ErrorCatalogue.InvalidRequest,
            (await bench.Host.Resolver.ResolveAsync(Ask("eve", id), default)).Error!.Code
        );
        Assert.True((await bench.Host.Resolver.ResolveAsync(Ask(null, id), default)).IsOk);
        Assert.Equal(
            ErrorCatalogue.AccountNotConnected,
            (
                await bench.Host.Resolver.ResolveAsync(
                    Ask(account: new AccountId("ca_01hzzzzzzzzzzzzzzzzzzzzzzz")),
                    default
                )
            )
                .Error!
                .Code
        );
    }

    [Fact]
    public async Task Absence_is_not_kept_and_presence_is_for_the_freshness_lease()
    {
        using var bench = new AccountBench();
        Assert.False((await bench.Host.Resolver.ResolveAsync(Ask(), default)).IsOk);
        await bench.ConnectAsync(TimeSpan.FromHours(1));
        Assert.True((await bench.Host.Resolver.ResolveAsync(Ask(), default)).IsOk);
        var reads = 0;
        bench.Store.Before = _ =>
        {
            reads++;
            return Task.CompletedTask;
        };
        await bench.Host.Resolver.ResolveAsync(Ask(), default);
        Assert.Equal(0, reads);
        await bench.ShutGateAsync();
        bench.Time.Advance(bench.Options.FreshnessLease);
        Assert.Equal(
            ErrorCatalogue.OrganizationSuspended,
            (await bench.Host.Resolver.ResolveAsync(Ask(), default)).Error!.Code
        );
    }

    [Fact]
    public async Task Accounts_that_never_came_to_life_do_not_make_it_ambiguous()
    {
        using var bench = new AccountBench();
        var real = await bench.ConnectAsync(TimeSpan.FromHours(1));
        await bench.Host.GrantStore.PrepareAsync(
            new AccountKey(AccountBench.Acme, AccountBench.Ada, AccountBench.Connection, "begun"),
            "conn_1",
            AcmePacks.Id,
            [],
            new Gate(true, 1),
            "k",
            default
        );
        Assert.Equal(real, (await bench.Host.Resolver.ResolveAsync(Ask(), default)).Value.Key);
    }
}
