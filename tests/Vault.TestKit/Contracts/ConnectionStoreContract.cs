using Vault.Core.Connections;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Persistence;

namespace Vault.TestKit.Contracts;

public abstract class ConnectionStoreContract : StoreContract
{
    [Fact]
    public async Task What_is_written_comes_back_by_name_and_id()
    {
        var organization = await OrganizationAsync();
        var row = Make.Connection(organization.Id);
        Assert.Equal(WriteOutcome.Written, await Store.Connections.InsertAsync(row, GateCheck.OpenAt(1), [], default));
        Same(row, await Store.Connections.FindAsync(organization.Id, row.Name, default));
        Same(row, await Store.Connections.FindAsync(organization.Id, row.Id, default));

        var next = row with
        {
            Version = 2,
            Settings = new ConnectionSettings { Tools = null },
            ClientSecret = null,
            SecretGeneration = 9,
        };
        Assert.Equal(WriteOutcome.Written, await Store.Connections.UpdateAsync(next, 1, [], default));
        Same(next, await Store.Connections.FindAsync(organization.Id, row.Id, default));
        Assert.Equal(WriteOutcome.Stale, await Store.Connections.UpdateAsync(row, 1, [], default));
    }

    [Fact]
    public async Task A_name_is_unique_in_an_organization()
    {
        var (one, two) = (await OrganizationAsync(), await OrganizationAsync());
        var race = await RaceAsync(Rivals, _ =>
            Store.Connections.InsertAsync(Make.Connection(one.Id), GateCheck.OpenAt(1), [], default)
        );
        Assert.Single(race, WriteOutcome.Written);
        Assert.Equal(
            WriteOutcome.Written,
            await Store.Connections.InsertAsync(Make.Connection(two.Id), GateCheck.OpenAt(1), [], default)
        );

        var other = Make.Connection(one.Id, "other");
        await Store.Connections.InsertAsync(other, GateCheck.None, [], default);
        Assert.Equal(
            WriteOutcome.Stale,
            await Store.Connections.UpdateAsync(other with { Name = new ConnectionName("slack") }, 1, [], default)
        );
    }

    [Fact]
    public async Task A_shut_gate_refuses_a_new_connection()
    {
        var organization = await SwitchAsync(await OrganizationAsync(), open: false);
        Assert.Equal(
            WriteOutcome.GateShut,
            await Store.Connections.InsertAsync(Make.Connection(organization.Id), GateCheck.OpenAt(2), [], default)
        );
        Assert.Equal(
            WriteOutcome.GateShut,
            await Store.Connections.InsertAsync(Make.Connection(Make.Organization().Id), GateCheck.None, [], default)
        );
    }

    [Fact]
    public async Task Those_that_name_a_tool_are_found_across_organizations_by_their_ids()
    {
        var (one, two) = (await OrganizationAsync(), await OrganizationAsync());
        // Unique names, because the store may contain connections of other tests.
        var (tool, other) = ("grove_" + Guid.NewGuid().ToString("n"), "grove_" + Guid.NewGuid().ToString("n"));
        ConnectionRow[] rows =
        [
            With(one, "first", ["slack_send_message", tool]),
            With(two, "second", [tool]),
            With(one, "third", [other]),
            With(two, "all", null),
            With(one, "none", []),
            With(two, "like", [tool + "_more", "'" + tool]),
        ];
        foreach (var row in rows)
            await Store.Connections.InsertAsync(row, GateCheck.None, [], default);

        Assert.Equal(
            [new ConnectionId(one.Id, rows[0].Id), new ConnectionId(two.Id, rows[1].Id)],
            await Store.Connections.FindNamingAsync([tool], "", 10, default)
        );
        Assert.Equal(
            [rows[0].Id, rows[1].Id, rows[2].Id],
            (await Store.Connections.FindNamingAsync([tool, other], "", 10, default)).Select(c => c.Id)
        );
        Assert.Equal([rows[0].Id], (await Store.Connections.FindNamingAsync([tool], "", 1, default)).Select(c => c.Id));
        Assert.Equal(
            [rows[1].Id],
            (await Store.Connections.FindNamingAsync([tool], rows[0].Id, 10, default)).Select(c => c.Id)
        );
        Assert.Empty(await Store.Connections.FindNamingAsync([], "", 10, default));

        ConnectionRow With(
            Vault.Core.Organizations.OrganizationRow organization,
            string name,
            System.Collections.Immutable.ImmutableArray<string>? tools
        )
        {
            var row = Make.Connection(organization.Id, name);
            return row with { Settings = row.Settings with { Tools = tools } };
        }
    }

    [Fact]
    public async Task A_deletion_names_the_version_it_read()
    {
        var organization = await OrganizationAsync();
        var row = Make.Connection(organization.Id);
        await Store.Connections.InsertAsync(row, GateCheck.None, [], default);
        Assert.Equal(WriteOutcome.Stale, await Store.Connections.DeleteAsync(organization.Id, row.Id, 2, [], default));
        Assert.Equal(
            WriteOutcome.Written,
            await Store.Connections.DeleteAsync(organization.Id, row.Id, 1, [], default)
        );
        Assert.Null(await Store.Connections.FindAsync(organization.Id, row.Id, default));
        Assert.Equal(WriteOutcome.Stale, await Store.Connections.DeleteAsync(organization.Id, row.Id, 1, [], default));
    }

    [Fact]
    public async Task Lists_in_pages_for_its_organization_only()
    {
        var (mine, other) = (await OrganizationAsync(), await OrganizationAsync());
        var rows = new List<ConnectionRow>();
        for (var i = 0; i < 5; i++)
        {
            rows.Add(Make.Connection(mine.Id, "c" + i) with { Provider = i < 2 ? "github" : "slack" });
            await Store.Connections.InsertAsync(rows[i], GateCheck.None, [], default);
        }

        Same(rows, await AllAsync(cursor => Store.Connections.ListAsync(mine.Id, null, 2, cursor, default)));
        Assert.Equal(2, (await Store.Connections.ListAsync(mine.Id, "github", 10, null, default)).Items.Count);
        Assert.Empty((await Store.Connections.ListAsync(other.Id, null, 10, null, default)).Items);
        Assert.Null(await Store.Connections.FindAsync(other.Id, rows[0].Id, default));
        Assert.Null(await Store.Connections.FindAsync(other.Id, rows[0].Name, default));
        Assert.Equal(WriteOutcome.Stale, await Store.Connections.DeleteAsync(other.Id, rows[0].Id, 1, [], default));
        Assert.Equal(
            WriteOutcome.Stale,
            await Store.Connections.UpdateAsync(rows[0] with { Organization = other.Id }, 1, [], default)
        );
        var foreign = (await Store.Connections.ListAsync(mine.Id, null, 1, null, default)).Cursor;
        await Assert.ThrowsAsync<InvalidCursorException>(() =>
            Store.Connections.ListAsync(other.Id, null, 1, foreign, default)
        );
    }
}
