using Vault.Core.Scopes;

namespace Vault.TestKit.Contracts;

public abstract class ScopeUseStoreContract : StoreContract
{
    [Fact]
    public async Task Counts_are_added_and_times_only_move_forward()
    {
        var organization = (await OrganizationAsync()).Id;
        var account = (await AccountAsync(organization)).Id;
        var later = Make.Now.AddMinutes(5);
        await Store.ScopeUses.AddAsync(
            [
                new(organization, account, "read", 2, later, 0, null),
                new(organization, account, "write", 0, null, 1, Make.Now),
            ],
            default
        );
        await Store.ScopeUses.AddAsync(
            [
                new(organization, account, "read", 3, Make.Now, 1, later),
                new(organization, account, "write", 0, null, 0, null),
            ],
            default
        );
        await Store.ScopeUses.AddAsync([], default);
        Same(
            [
                new ScopeUse(organization, account, "read", 5, later, 1, later),
                new ScopeUse(organization, account, "write", 0, null, 1, Make.Now),
            ],
            await Store.ScopeUses.ListAsync(organization, account, account, default)
        );
    }

    [Fact]
    public async Task Many_hosts_add_at_once_and_nothing_is_lost()
    {
        var organization = (await OrganizationAsync()).Id;
        var (first, second) = ((await AccountAsync(organization)).Id, (await AccountAsync(organization)).Id);
        await RaceAsync(Rivals, async i =>
        {
            ScopeUse[] uses =
            [
                new(organization, first, "a", 1, Make.Now.AddSeconds(i), 0, null),
                new(organization, second, "a", 0, null, 1, Make.Now.AddSeconds(i)),
            ];
            await Store.ScopeUses.AddAsync(i % 2 == 0 ? uses : [.. uses.Reverse()], default);
            return true;
        });
        var (from, to) = string.CompareOrdinal(first.Value, second.Value) < 0 ? (first, second) : (second, first);
        var rows = await Store.ScopeUses.ListAsync(organization, from, to, default);
        Assert.Equal(
            [((long)Rivals, 0L), (0L, (long)Rivals)],
            rows.OrderByDescending(r => r.Uses).Select(r => (r.Uses, r.Refusals))
        );
        Assert.Equal(Make.Now.AddSeconds(Rivals - 1), rows.Max(r => r.LastUsedAt));
    }

    [Fact]
    public async Task Another_organization_sees_and_counts_nothing_and_an_account_that_is_gone_is_not_counted()
    {
        var (mine, other) = ((await OrganizationAsync()).Id, (await OrganizationAsync()).Id);
        var account = (await AccountAsync(mine)).Id;
        var deleted = Make.Account(mine).Id;
        await Store.ScopeUses.AddAsync(
            [
                new(mine, account, "read", 1, Make.Now, 0, null),
                new(other, account, "read", 1, Make.Now, 0, null),
                new(mine, deleted, "read", 1, Make.Now, 0, null),
            ],
            default
        );
        Assert.Empty(await Store.ScopeUses.ListAsync(other, account, account, default));
        Assert.Empty(await Store.ScopeUses.ListAsync(mine, deleted, deleted, default));
        Assert.Single(await Store.ScopeUses.ListAsync(mine, account, account, default));
    }

    [Fact]
    public async Task An_erased_organization_leaves_no_count_behind()
    {
        var organization = (await OrganizationAsync()).Id;
        var account = (await AccountAsync(organization)).Id;
        await Store.ScopeUses.AddAsync([new(organization, account, "read", 1, Make.Now, 0, null)], default);
        while (!await Store.Organizations.PurgeAsync(organization, 10, default)) { }

        await Store.ScopeUses.AddAsync([new(organization, account, "read", 1, Make.Now, 0, null)], default);
        Assert.Empty(await Store.ScopeUses.ListAsync(organization, account, account, default));
    }
}
