using Vault.Core.Callers;
using Vault.Core.Errors;
using Vault.Core.Persistence;

namespace Vault.TestKit.Contracts;

public abstract class ApiKeyStoreContract : StoreContract
{
    [Fact]
    public async Task Keys_of_the_platform_and_of_organizations_are_found_by_id_alone()
    {
        Assert.False(await Store.ApiKeys.AnyAsync(default));
        var (platform, bound) = (Make.ApiKey(null), Make.ApiKey((await OrganizationAsync()).Id));
        Assert.Equal(WriteOutcome.Written, await Store.ApiKeys.InsertAsync(platform, default));
        Assert.True(await Store.ApiKeys.AnyAsync(default));
        Assert.Equal(WriteOutcome.Written, await Store.ApiKeys.InsertAsync(bound, default));
        Assert.Equal(WriteOutcome.Stale, await Store.ApiKeys.InsertAsync(bound with { Organization = null }, default));
        Same(platform, await Store.ApiKeys.FindAsync(platform.Id, default));
        Same(bound, await Store.ApiKeys.FindAsync(bound.Id, default));
        Assert.Null(await Store.ApiKeys.FindAsync("key_unknown", default));
    }

    [Fact]
    public async Task An_update_names_the_version_and_the_organization()
    {
        var (mine, other) = (await OrganizationAsync(), await OrganizationAsync());
        var row = Make.ApiKey(mine.Id);
        await Store.ApiKeys.InsertAsync(row, default);
        var next = row with
        {
            Name = "rotated",
            SecretHash = "new",
            Suffix = "wxyz",
            Permissions = [],
            Version = 2,
            ExpiresAt = null,
            RevokedAt = Make.Now,
        };
        Assert.Equal(
            WriteOutcome.Stale,
            await Store.ApiKeys.UpdateAsync(next with { Organization = other.Id }, 1, default)
        );
        Assert.Equal(
            WriteOutcome.Stale,
            await Store.ApiKeys.UpdateAsync(next with { Organization = null }, 1, default)
        );
        Assert.Equal(WriteOutcome.Written, await Store.ApiKeys.UpdateAsync(next, 1, default));
        Assert.Equal(WriteOutcome.Stale, await Store.ApiKeys.UpdateAsync(row, 1, default));
        Same(next, await Store.ApiKeys.FindAsync(row.Id, default));
    }

    [Fact]
    public async Task Lists_the_keys_of_one_owner()
    {
        var (mine, other) = (await OrganizationAsync(), await OrganizationAsync());
        var rows = new List<ApiKeyRow>();
        for (var i = 0; i < 5; i++)
        {
            rows.Add(Make.ApiKey(mine.Id));
            await Store.ApiKeys.InsertAsync(rows[i], default);
        }

        var platform = Make.ApiKey(null);
        await Store.ApiKeys.InsertAsync(platform, default);
        Same(rows, await AllAsync(cursor => Store.ApiKeys.ListAsync(mine.Id, 2, cursor, default)));
        Assert.Equal(platform.Id, Assert.Single((await Store.ApiKeys.ListAsync(null, 10, null, default)).Items).Id);
        Assert.Empty((await Store.ApiKeys.ListAsync(other.Id, 10, null, default)).Items);
        var foreign = (await Store.ApiKeys.ListAsync(mine.Id, 1, null, default)).Cursor;
        await Assert.ThrowsAsync<InvalidCursorException>(() => Store.ApiKeys.ListAsync(null, 1, foreign, default));
    }

    [Fact]
    public async Task Uses_are_noted_without_a_version_and_never_go_back()
    {
        var (platform, bound) = (Make.ApiKey(null), Make.ApiKey((await OrganizationAsync()).Id));
        await Store.ApiKeys.InsertAsync(platform, default);
        await Store.ApiKeys.InsertAsync(bound, default);
        var used = Make.Now.AddMinutes(1);
        await Store.ApiKeys.TouchAsync([(platform.Id, used), (bound.Id, used), ("key_unknown", used)], default);
        await Store.ApiKeys.TouchAsync([(bound.Id, used.AddSeconds(-5))], default);
        await Store.ApiKeys.UpdateAsync(bound with { Name = "x" }, 1, default);
        Assert.Equal(used, (await Store.ApiKeys.FindAsync(platform.Id, default))!.LastUsedAt);
        Assert.Equal(
            (used, 2L),
            (
                (await Store.ApiKeys.FindAsync(bound.Id, default))!.LastUsedAt,
                (await Store.ApiKeys.FindAsync(bound.Id, default))!.Version
            )
        );
    }

    [Fact]
    public async Task The_keys_that_a_key_made_are_found_in_every_organization()
    {
        var maker = "key_maker_of_this_test";
        var made = new List<ApiKeyRow>
        {
            Make.ApiKey(null),
            Make.ApiKey((await OrganizationAsync()).Id),
            Make.ApiKey((await OrganizationAsync()).Id),
        };
        foreach (var row in made)
            await Store.ApiKeys.InsertAsync(row with { MadeBy = maker }, default);
        await Store.ApiKeys.InsertAsync(Make.ApiKey(null), default);
        var expected = made.Select(r => r.Id).Order(StringComparer.Ordinal).ToList();
        Assert.Equal(expected[..2], await Store.ApiKeys.MadeByAsync(maker, null, 2, default));
        Assert.Equal(expected[2..], await Store.ApiKeys.MadeByAsync(maker, expected[1], 2, default));
        Assert.Empty(await Store.ApiKeys.MadeByAsync("key_nobody", null, 2, default));
    }

    [Fact]
    public async Task An_update_does_not_change_where_a_key_comes_from()
    {
        var row = Make.ApiKey(null);
        await Store.ApiKeys.InsertAsync(row, default);
        var changed = row with
        {
            MadeBy = null,
            Ancestors = [],
            RotatedFrom = null,
            Constraints = KeyConstraints.None,
            Version = 2,
        };
        Assert.Equal(WriteOutcome.Written, await Store.ApiKeys.UpdateAsync(changed, 1, default));
        Same(row with { Version = 2 }, await Store.ApiKeys.FindAsync(row.Id, default));
    }
}
