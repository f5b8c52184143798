using Vault.Core.Keys;
using Vault.Core.Sealing;

namespace Vault.TestKit.Contracts;

/// <summary>Wrapped keys and the journal of their rotation.</summary>
public abstract class KeyStoreContract : StoreContract
{
    [Fact]
    public async Task Versions_are_given_once_and_the_highest_active_one_counts()
    {
        var (mine, other) = (Make.Organization().Id, Make.Organization().Id);
        Assert.Null(await Store.Keys.FindActiveAsync(mine, default));
        var race = await RaceAsync(Rivals, _ => Store.Keys.TryInsertAsync(Make.Key(mine), default).AsTask());
        Assert.Single(race, won => won);

        var second = Make.Key(mine, 2);
        Assert.True(await Store.Keys.TryInsertAsync(second, default));
        Assert.True(
            await Store.Keys.TryInsertAsync(Make.Key(mine, 3) with { Status = OrganizationKeyStatus.Prepared }, default)
        );
        Same(second, await Store.Keys.FindActiveAsync(mine, default));
        Same(second, await Store.Keys.FindAsync(mine, 2, default));
        Assert.Equal([1u, 2u, 3u], (await Store.Keys.ListAsync(mine, default)).Select(k => k.Version));
        Assert.Null(await Store.Keys.FindActiveAsync(other, default));
        Assert.Null(await Store.Keys.FindAsync(other, 2, default));
        Assert.Empty(await Store.Keys.ListAsync(other, default));
    }

    [Fact]
    public async Task An_update_names_the_row_version()
    {
        var row = Make.Key(Make.Organization().Id);
        await Store.Keys.TryInsertAsync(row, default);
        var next = row with
        {
            Status = OrganizationKeyStatus.Retired,
            Wrapped = [1, 2, 3],
            MasterKeyId = "master-2",
            ChangedAt = Make.Now.AddDays(1),
            RowVersion = 2,
        };
        Assert.True(await Store.Keys.TryUpdateAsync(next, 1, default));
        Same(next, await Store.Keys.FindAsync(row.Organization, 1, default));
        Assert.False(await Store.Keys.TryUpdateAsync(next, 1, default));
        Assert.False(
            await Store.Keys.TryUpdateAsync(
                next with
                {
                    Organization = Make.Organization().Id,
                    RowVersion = 3,
                },
                2,
                default
            )
        );
    }

    [Fact]
    public async Task One_version_is_destroyed_and_the_others_stay()
    {
        var mine = Make.Organization().Id;
        var (first, second) = (Make.Key(mine), Make.Key(mine, 2));
        foreach (var row in new[] { first, second })
            await Store.Keys.TryInsertAsync(row, default);
        var destroyed = first with { Status = OrganizationKeyStatus.Destroyed, Wrapped = null, RowVersion = 2 };
        Assert.True(await Store.Keys.TryUpdateAsync(destroyed, 1, default));
        Same(destroyed, await Store.Keys.FindAsync(mine, 1, default));
        Same(second, await Store.Keys.FindActiveAsync(mine, default));
    }

    [Fact]
    public async Task Destroyed_keys_stay_destroyed()
    {
        var (mine, other) = (Make.Organization().Id, Make.Organization().Id);
        foreach (var row in new[] { Make.Key(mine), Make.Key(mine, 2), Make.Key(other) })
            await Store.Keys.TryInsertAsync(row, default);
        Assert.Equal(2, await Store.Keys.DestroyAllAsync(mine, Make.Now, default));
        Assert.Equal(0, await Store.Keys.DestroyAllAsync(mine, Make.Now, default));
        var rows = await Store.Keys.ListAsync(mine, default);
        Assert.All(rows, r =>
            Assert.Equal((OrganizationKeyStatus.Destroyed, null, 2L), (r.Status, r.Wrapped, r.RowVersion))
        );
        Assert.False(await Store.Keys.TryUpdateAsync(Make.Key(mine) with { RowVersion = 3 }, 2, default));
        Assert.False(await Store.Keys.TryInsertAsync(Make.Key(mine), default));
        Assert.NotNull(await Store.Keys.FindActiveAsync(other, default));
    }

    [Fact]
    public async Task Keys_under_another_master_come_in_order_and_in_steps()
    {
        var rows = new List<OrganizationKeyRow>();
        for (var i = 0; i < 3; i++)
        {
            var organization = Make.Organization().Id;
            rows.AddRange([Make.Key(organization), Make.Key(organization, 2)]);
            await Store.Keys.TryInsertAsync(Make.Key(organization, 3, "master-2"), default);
        }

        var destroyed = Make.Organization().Id;
        await Store.Keys.TryInsertAsync(Make.Key(destroyed), default);
        await Store.Keys.DestroyAllAsync(destroyed, Make.Now, default);
        foreach (var row in rows)
            await Store.Keys.TryInsertAsync(row, default);

        var seen = new List<OrganizationKeyRow>();
        OrganizationKeyPosition? after = null;
        while (await Store.Keys.ListNotUnderMasterAsync("master-2", after, 4, default) is { Count: > 0 } page)
        {
            seen.AddRange(page);
            after = new OrganizationKeyPosition(page[^1].Organization, page[^1].Version);
        }

        Same(rows, seen);
    }

    [Fact]
    public async Task A_rotation_is_journalled_by_one_host_together_with_its_ledger_entry()
    {
        var organization = (await OrganizationAsync()).Id;
        var row = new KeyRotationRow(organization, 2, KeyRotationPhase.Preparing, null, 0, Make.Now, Make.Now, 1)
        {
            RequestedBy = "key_1",
        };
        var drafts = Enumerable
            .Range(0, Rivals)
            .Select(_ => Make.Draft(organization, "organization.key_rotation_begun"))
            .ToList();
        Assert.Null(await Store.KeyRotations.FindAsync(organization, default));
        var race = await RaceAsync(Rivals, i => Store.KeyRotations.TrySaveAsync(row, 0, [drafts[i]], default).AsTask());
        Assert.Single(race, won => won);
        Assert.Equal(
            drafts[Array.IndexOf(race, true)].EventId,
            Assert.Single(await Store.Ledger.ReadOutboxAsync(Rivals, default)).EventId
        );
        Same(row, await Store.KeyRotations.FindAsync(organization, default));
        Assert.Equal([organization], await Store.KeyRotations.ListUnfinishedAsync(10, default));

        var blocked = row with
        {
            Phase = KeyRotationPhase.Resealing,
            Blocked = ["connected_account ca_1", "link lnk_1"],
            RowVersion = 2,
        };
        Assert.True(await Store.KeyRotations.TrySaveAsync(blocked, 1, [], default));
        Same(blocked, await Store.KeyRotations.FindAsync(organization, default));
        Assert.Equal([organization], await Store.KeyRotations.ListUnfinishedAsync(10, default));

        var next = row with
        {
            Phase = KeyRotationPhase.Finished,
            Cursor = "a/ca_1",
            Resealed = 12,
            ChangedAt = Make.Now.AddMinutes(1),
            RowVersion = 3,
        };
        Assert.True(
            await Store.KeyRotations.TrySaveAsync(
                next,
                2,
                [Make.Draft(organization, "organization.key_rotated")],
                default
            )
        );
        Assert.False(
            await Store.KeyRotations.TrySaveAsync(
                next,
                2,
                [Make.Draft(organization, "organization.key_rotated")],
                default
            )
        );
        Assert.Equal(2, (await Store.Ledger.ReadOutboxAsync(Rivals, default)).Count);
        Same(next, await Store.KeyRotations.FindAsync(organization, default));
        Assert.Empty(await Store.KeyRotations.ListUnfinishedAsync(10, default));
        Assert.Null(await Store.KeyRotations.FindAsync((await OrganizationAsync()).Id, default));
    }
}
