using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Organizations;
using Vault.Core.Persistence;

namespace Vault.TestKit.Contracts;

public abstract class OrganizationStoreContract : StoreContract
{
    [Fact]
    public async Task What_is_written_comes_back()
    {
        var row = Make.Organization("customer-7");
        Assert.Equal(WriteOutcome.Written, await Store.Organizations.InsertAsync(row, [], default));
        Same(row, await Store.Organizations.FindAsync(row.Id, default));

        var next = row with
        {
            DisplayName = "Renamed",
            Version = 2,
            ExternalId = null,
            State = row.State with
            {
                Status = OrganizationStatus.Erasing,
                Gate = new Gate(false, 2),
                Cascade = new Cascade("erase", "ca_1", 12, Make.Now, "key_1"),
                DestructivePolicy = "deny",
            },
        };
        Assert.Equal(WriteOutcome.Written, await Store.Organizations.UpdateAsync(next, 1, [], default));
        Same(next, await Store.Organizations.FindAsync(row.Id, default));
        Assert.Equal(WriteOutcome.Stale, await Store.Organizations.UpdateAsync(row, 1, [], default));
        Assert.Null(await Store.Organizations.FindAsync(Make.Organization().Id, default));
    }

    [Fact]
    public async Task An_id_and_an_external_id_are_given_once()
    {
        var first = Make.Organization("taken");
        var second = Make.Organization("free");
        await Store.Organizations.InsertAsync(first, [], default);
        await Store.Organizations.InsertAsync(second, [], default);
        Assert.Equal(
            WriteOutcome.Stale,
            await Store.Organizations.InsertAsync(first with { ExternalId = null }, [], default)
        );
        Assert.Equal(
            WriteOutcome.Stale,
            await Store.Organizations.InsertAsync(Make.Organization("taken"), [], default)
        );
        Assert.Equal(
            WriteOutcome.Stale,
            await Store.Organizations.UpdateAsync(second with { ExternalId = "taken" }, 1, [], default)
        );
        Same(second, await Store.Organizations.FindAsync(second.Id, default));

        var race = await RaceAsync(Rivals, _ =>
            Store.Organizations.InsertAsync(Make.Organization("wanted"), [], default)
        );
        Assert.Single(race, WriteOutcome.Written);
    }

    [Fact]
    public async Task Lists_in_pages_and_by_external_id()
    {
        var rows = new List<OrganizationRow>();
        for (var i = 0; i < 5; i++)
        {
            rows.Add(Make.Organization(i == 3 ? "wanted" : null));
            await Store.Organizations.InsertAsync(rows[i], [], default);
        }

        var all = await AllAsync(cursor => Store.Organizations.ListAsync(null, 2, cursor, default));
        Same(rows, all);
        Assert.Equal(
            rows[3].Id,
            Assert.Single((await Store.Organizations.ListAsync("wanted", 10, null, default)).Items).Id
        );
        Assert.Empty((await Store.Organizations.ListAsync("unknown", 10, null, default)).Items);
        await Assert.ThrowsAsync<InvalidCursorException>(() => Store.Organizations.ListAsync(null, 2, "bad", default));
    }

    [Fact]
    public async Task Unfinished_cascades_are_found()
    {
        var (row, _) = (await OrganizationAsync(), await OrganizationAsync());
        Assert.Empty(await Store.Organizations.FindCascadesAsync(10, default));
        var busy = row with
        {
            State = row.State with { Cascade = new Cascade("disconnect:conn_1", null, 0, Make.Now, "key_1") },
        };
        await Store.Organizations.UpdateAsync(busy, 1, [], default);
        Assert.Equal([row.Id], await Store.Organizations.FindCascadesAsync(10, default));
        await Store.Organizations.UpdateAsync(row, 2, [], default);
        Assert.Empty(await Store.Organizations.FindCascadesAsync(10, default));
    }

    [Fact]
    public async Task A_purge_goes_in_bounded_steps_and_leaves_others_alone()
    {
        var (erased, kept) = (await OrganizationAsync(), await OrganizationAsync());
        foreach (var organization in new[] { erased, kept })
        {
            for (var i = 0; i < 5; i++)
                await AccountAsync(organization.Id);
            await Store.Connections.InsertAsync(Make.Connection(organization.Id), GateCheck.None, [], default);
            await Store.ApiKeys.InsertAsync(Make.ApiKey(organization.Id), default);
        }

        Assert.False(await Store.Organizations.PurgeAsync(erased.Id, 2, default));
        Assert.Equal(
            3,
            (await Store.Accounts.ListAsync(erased.Id, new AccountFilter(), 10, null, default)).Items.Count
        );
        var steps = 1;
        while (!await Store.Organizations.PurgeAsync(erased.Id, 2, default))
            Assert.True(++steps < 20);
        Assert.True(await Store.Organizations.PurgeAsync(erased.Id, 2, default));

        Assert.Empty((await Store.Accounts.ListAsync(erased.Id, new AccountFilter(), 10, null, default)).Items);
        Assert.Empty((await Store.Connections.ListAsync(erased.Id, null, 10, null, default)).Items);
        Assert.Empty((await Store.ApiKeys.ListAsync(erased.Id, 10, null, default)).Items);
        Assert.NotNull(await Store.Organizations.FindAsync(erased.Id, default));
        Assert.Equal(5, (await Store.Accounts.ListAsync(kept.Id, new AccountFilter(), 10, null, default)).Items.Count);
        Assert.Single((await Store.Connections.ListAsync(kept.Id, null, 10, null, default)).Items);
        Assert.Single((await Store.ApiKeys.ListAsync(kept.Id, 10, null, default)).Items);
    }
}
