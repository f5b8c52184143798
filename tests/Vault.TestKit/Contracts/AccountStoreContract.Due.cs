using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Persistence;

namespace Vault.TestKit.Contracts;

/// <summary>The due index.</summary>
public abstract partial class AccountStoreContract
{
    [Fact]
    public async Task Due_accounts_come_most_urgent_first()
    {
        var (open, shut) = (await OrganizationAsync(), await OrganizationAsync());
        var now = Make.Now.AddHours(1);
        var expected = new List<AccountId>();
        foreach (var minutes in new[] { 30, 10, 20, 0, -5 })
        {
            var row = Make.Account(open.Id, dueAt: now.AddMinutes(-minutes));
            await Store.Accounts.InsertAsync(row, GateCheck.None, [], default);
            if (minutes >= 0)
                expected.Add(row.Id);
            await Store.Accounts.InsertAsync(
                Make.Account(shut.Id, dueAt: now.AddMinutes(-minutes)),
                GateCheck.None,
                [],
                default
            );
        }

        await AccountAsync(open.Id);
        await SwitchAsync(shut, open: false);
        var due = await Store.Accounts.FindDueAsync(now, [0], 1, 100, [], default);
        Assert.Equal([expected[0], expected[2], expected[1], expected[3]], due.Select(d => d.Id));
        Assert.Equal(4, await Store.Accounts.CountDueAsync(now, default));
        Assert.Equal(
            [expected[0], expected[2]],
            (await Store.Accounts.FindDueAsync(now, [0], 1, 2, [], default)).Select(d => d.Id)
        );
        Assert.Equal(now.AddMinutes(-30), due[0].DueAt);
        Assert.Equal("slack", due[0].Provider);

        var first = (await Store.Accounts.FindAsync(due[0].Key, default))!.Row;
        await Store.Accounts.UpdateAsync(first with { DueAt = null }, 1, GateCheck.None, [], default);
        Assert.Equal(3, await Store.Accounts.CountDueAsync(now, default));
    }

    [Fact]
    public async Task Due_accounts_of_full_providers_are_left_out()
    {
        var organization = await OrganizationAsync();
        var providers = new[] { "slack", "google", "it's \"odd\"", "slack" };
        for (var i = 0; i < providers.Length; i++)
            await Store.Accounts.InsertAsync(
                Make.Account(organization.Id, dueAt: Make.Now.AddMinutes(i)) with
                {
                    Provider = providers[i],
                },
                GateCheck.None,
                [],
                default
            );

        Assert.Equal(
            ["google", "it's \"odd\""],
            (await Store.Accounts.FindDueAsync(Make.Now.AddDays(1), [0], 1, 2, ["slack", "none"], default)).Select(d =>
                d.Provider
            )
        );
        Assert.Equal(
            ["google"],
            (
                await Store.Accounts.FindDueAsync(Make.Now.AddDays(1), [0], 1, 9, ["slack", "it's \"odd\""], default)
            ).Select(d => d.Provider)
        );
    }

    [Fact]
    public async Task Shards_divide_the_due_accounts()
    {
        var organization = await OrganizationAsync();
        for (var i = 0; i < 20; i++)
            await Store.Accounts.InsertAsync(
                Make.Account(organization.Id, dueAt: Make.Now),
                GateCheck.None,
                [],
                default
            );
        var found = new List<AccountId>();
        for (var shard = 0; shard < 3; shard++)
        {
            var due = await Store.Accounts.FindDueAsync(Make.Now.AddDays(1), [shard], 3, 100, [], default);
            Assert.All(due, d => Assert.True(AccountShard.IsIn(d.Key, shard, 3)));
            found.AddRange(due.Select(d => d.Id));
        }

        Assert.Equal(20, found.Distinct().Count());
        Assert.Equal(20, found.Count);

        // Several shards in one call return the same as one after the other; no shards return no accounts.
        var two = await Store.Accounts.FindDueAsync(Make.Now.AddDays(1), [0, 2], 3, 100, [], default);
        Assert.All(two, d => Assert.False(AccountShard.IsIn(d.Key, 1, 3)));
        Assert.Equal(
            20,
            two.Count + (await Store.Accounts.FindDueAsync(Make.Now.AddDays(1), [1], 3, 100, [], default)).Count
        );
        Assert.Empty(await Store.Accounts.FindDueAsync(Make.Now.AddDays(1), [], 3, 100, [], default));
    }
}
