using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Persistence;

namespace Vault.TestKit.Contracts;

/// <summary>Compare-and-swap, the gate check inside the write, the due index, paging, isolation.</summary>
public abstract partial class AccountStoreContract : StoreContract
{
    [Fact]
    public async Task What_is_inserted_comes_back_with_the_gate()
    {
        var organization = await OrganizationAsync();
        var row = Make.Account(organization.Id, "user ü/%'\"", dueAt: Make.Now.AddMinutes(3));
        Assert.Equal(WriteOutcome.Written, await Store.Accounts.InsertAsync(row, GateCheck.OpenAt(1), [], default));

        var byKey = await Store.Accounts.FindAsync(row.Key, default);
        var byId = await Store.Accounts.FindAsync(organization.Id, row.Id, default);
        Same(new AccountSnapshot(row, organization.State.Gate), byKey);
        Same(byKey!, byId);
        Assert.Null(await Store.Accounts.FindAsync(Make.Account(organization.Id).Key, default));
    }

    [Fact]
    public async Task An_update_names_the_version_it_read()
    {
        var row = await AccountAsync((await OrganizationAsync()).Id);
        var second = row with
        {
            State = row.State with { Status = AccountStatus.Revoked, Reason = StatusReason.RevokedByRequest },
            Grant = null,
            Credential = null,
            Version = 2,
        };
        Assert.Equal(WriteOutcome.Written, await Store.Accounts.UpdateAsync(second, 1, GateCheck.None, [], default));
        Same(second, (await Store.Accounts.FindAsync(row.Key, default))!.Row);

        Assert.Equal(
            WriteOutcome.Stale,
            await Store.Accounts.UpdateAsync(row with { Provider = "late" }, 1, GateCheck.None, [], default)
        );
        Assert.Equal(
            WriteOutcome.Stale,
            await Store.Accounts.UpdateAsync(row with { Provider = "early" }, 3, GateCheck.None, [], default)
        );
        Same(second, (await Store.Accounts.FindAsync(row.Key, default))!.Row);
    }

    [Fact]
    public async Task One_of_many_first_inserts_wins()
    {
        var organization = await OrganizationAsync();
        var sameKey = await RaceAsync(Rivals, _ =>
            Store.Accounts.InsertAsync(
                Make.Account(organization.Id, "one"),
                GateCheck.OpenAt(1),
                [Make.Draft(organization.Id)],
                default
            )
        );
        Assert.Single(sameKey, WriteOutcome.Written);
        Assert.Equal(Rivals - 1, sameKey.Count(o => o == WriteOutcome.Stale));

        var id = Make.Account(organization.Id).Id;
        var sameId = await RaceAsync(Rivals, i =>
            Store.Accounts.InsertAsync(
                Make.Account(organization.Id, "user-" + i) with
                {
                    Id = id,
                },
                GateCheck.None,
                [],
                default
            )
        );
        Assert.Single(sameId, WriteOutcome.Written);
        Assert.Equal(
            2,
            (await Store.Accounts.ListAsync(organization.Id, new AccountFilter(), 100, null, default)).Items.Count
        );
    }

    [Fact]
    public async Task One_of_many_updates_of_a_version_wins()
    {
        var row = await AccountAsync((await OrganizationAsync()).Id);
        var outcomes = await RaceAsync(Rivals, i =>
            Store.Accounts.UpdateAsync(
                row with
                {
                    Provider = "p" + i,
                    Version = 2,
                },
                1,
                i % 2 == 0 ? GateCheck.OpenAt(1) : GateCheck.None,
                [],
                default
            )
        );
        var winner = Array.IndexOf(outcomes, WriteOutcome.Written);
        Assert.Single(outcomes, WriteOutcome.Written);
        var stored = (await Store.Accounts.FindAsync(row.Key, default))!.Row;
        Assert.Equal(("p" + winner, 2L), (stored.Provider, stored.Version));
    }

    [Fact]
    public async Task A_write_that_needs_an_open_gate_is_refused_by_a_shut_one()
    {
        var organization = await OrganizationAsync();
        var row = await AccountAsync(organization.Id);
        organization = await SwitchAsync(organization, open: false);

        foreach (var epoch in new[] { 1L, 2L, 3L })
        {
            Assert.Equal(
                WriteOutcome.GateShut,
                await Store.Accounts.InsertAsync(Make.Account(organization.Id), GateCheck.OpenAt(epoch), [], default)
            );
            Assert.Equal(
                WriteOutcome.GateShut,
                await Store.Accounts.UpdateAsync(row with { Provider = "x" }, 1, GateCheck.OpenAt(epoch), [], default)
            );
        }

        Same(row, (await Store.Accounts.FindAsync(row.Key, default))!.Row);
        Assert.Equal(
            WriteOutcome.Written,
            await Store.Accounts.UpdateAsync(
                row with
                {
                    Provider = "revoked",
                    Version = 2,
                },
                1,
                GateCheck.None,
                [],
                default
            )
        );

        await SwitchAsync(organization, open: true);
        Assert.Equal(WriteOutcome.GateShut, await Store.Accounts.UpdateAsync(row, 2, GateCheck.OpenAt(1), [], default));
        Assert.Equal(
            WriteOutcome.Written,
            await Store.Accounts.UpdateAsync(row with { Version = 3 }, 2, GateCheck.OpenAt(3), [], default)
        );
    }

    [Fact]
    public async Task An_organization_that_is_not_there_has_no_open_gate()
    {
        var unknown = Make.Organization().Id;
        Assert.Equal(
            WriteOutcome.GateShut,
            await Store.Accounts.InsertAsync(Make.Account(unknown), GateCheck.None, [], default)
        );
        Assert.Equal(
            WriteOutcome.GateShut,
            await Store.Accounts.InsertAsync(Make.Account(unknown), GateCheck.OpenAt(1), [], default)
        );
    }

    [Fact]
    public async Task No_insert_commits_after_a_gate_was_closed()
    {
        // The schedule: an insert has seen the open gate, the gate is closed and the closing acknowledged, the cascade
        // lists the accounts, then the insert commits.
        var organization = await OrganizationAsync();
        List<AccountId>? seenByCascade = null;
        var outcomes = await RaceAsync(Rivals, async i =>
        {
            if (i != Rivals / 2)
                return await Store.Accounts.InsertAsync(
                    Make.Account(organization.Id),
                    GateCheck.OpenAt(1),
                    [],
                    default
                );
            await SwitchAsync(organization, open: false);
            seenByCascade =
            [
                .. (
                    await Store.Accounts.ListAsync(organization.Id, new AccountFilter(), 100, null, default)
                ).Items.Select(a => a.Id),
            ];
            return WriteOutcome.GateShut;
        });

        var inTheEnd = (
            await Store.Accounts.ListAsync(organization.Id, new AccountFilter(), 100, null, default)
        ).Items.Select(a => a.Id);
        Assert.Equal(seenByCascade!, inTheEnd);
        Assert.Equal(seenByCascade!.Count, outcomes.Count(o => o == WriteOutcome.Written));
    }

    [Fact]
    public async Task Pages_lose_and_double_nothing_while_rows_come_in()
    {
        var organization = await OrganizationAsync();
        var early = Make.Account(organization.Id);
        var rows = new List<AccountRow>();
        for (var i = 0; i < 25; i++)
            rows.Add(await AccountAsync(organization.Id));
        var late = Make.Account(organization.Id);
        var seen = await AllAsync(
            cursor => Store.Accounts.ListAsync(organization.Id, new AccountFilter(), 7, cursor, default),
            async () =>
            {
                await Store.Accounts.InsertAsync(early, GateCheck.None, [], default);
                await Store.Accounts.InsertAsync(late, GateCheck.None, [], default);
            }
        );
        Assert.Equal([.. rows.Select(r => r.Id), late.Id], seen.Select(r => r.Id));

        var whole = await Store.Accounts.ListAsync(organization.Id, new AccountFilter(), 27, null, default);
        Assert.Equal((27, null), (whole.Items.Count, whole.Cursor));
    }

    [Fact]
    public async Task Filters_narrow_the_list()
    {
        var organization = await OrganizationAsync();
        var wanted = Make.Account(organization.Id, "ada", "github", "work");
        var revoked = Make.Account(organization.Id, "ada", "github", "home");
        revoked = revoked with
        {
            State = revoked.State with { Status = AccountStatus.Revoked, Reason = StatusReason.UserRevoked },
        };
        foreach (
            var row in new[]
            {
                wanted,
                revoked,
                Make.Account(organization.Id, "ada"),
                Make.Account(organization.Id, "bob", "github"),
            }
        )
            await Store.Accounts.InsertAsync(row, GateCheck.None, [], default);

        async Task<int> CountAsync(AccountFilter filter) =>
            (await Store.Accounts.ListAsync(organization.Id, filter, 10, null, default)).Items.Count;
        Assert.Equal(3, await CountAsync(new AccountFilter(User: new UserId("ada"))));
        Assert.Equal(3, await CountAsync(new AccountFilter(Connection: new ConnectionName("github"))));
        Assert.Equal(3, await CountAsync(new AccountFilter(Provider: "github")));
        Assert.Equal(1, await CountAsync(new AccountFilter(Status: AccountStatus.Revoked)));
        Assert.Equal(3, await CountAsync(new AccountFilter(User: new UserId("ada"), Subject: "U1")));
        Assert.Equal(0, await CountAsync(new AccountFilter(Subject: "U2")));
        var both = await Store.Accounts.ListAsync(
            organization.Id,
            new AccountFilter(new UserId("ada"), new ConnectionName("github"), "github", AccountStatus.Active),
            10,
            null,
            default
        );
        Assert.Equal(wanted.Id, Assert.Single(both.Items).Id);
    }

    [Fact]
    public async Task A_cursor_that_was_not_given_out_is_refused()
    {
        var (mine, other) = (await OrganizationAsync(), await OrganizationAsync());
        for (var i = 0; i < 3; i++)
            await AccountAsync(other.Id);
        var foreign = (await Store.Accounts.ListAsync(other.Id, new AccountFilter(), 1, null, default)).Cursor;
        Assert.NotNull(foreign);
        foreach (var cursor in new[] { "", "x", "not base64!", "AAAA", foreign, foreign + "A" })
            await Assert.ThrowsAsync<InvalidCursorException>(() =>
                Store.Accounts.ListAsync(mine.Id, new AccountFilter(), 10, cursor, default)
            );
    }

    [Fact]
    public async Task The_accounts_of_a_user_at_a_provider()
    {
        var organization = await OrganizationAsync();
        var user = new UserId("ada");
        Assert.Null(await Store.Accounts.FindForUserAsync(Make.Organization().Id, user, "slack", default));
        var none = await Store.Accounts.FindForUserAsync(organization.Id, user, "slack", default);
        Assert.Empty(none!.Rows);
        Assert.Equal(organization.State.Gate, none.Gate);

        var two = new[] { Make.Account(organization.Id, "ada"), Make.Account(organization.Id, "ada", label: "second") };
        foreach (
            var row in two.Append(Make.Account(organization.Id, "ada", "github"))
                .Append(Make.Account(organization.Id, "bob"))
        )
            await Store.Accounts.InsertAsync(row, GateCheck.None, [], default);
        var found = await Store.Accounts.FindForUserAsync(organization.Id, user, "slack", default);
        Same(two, [.. found!.Rows]);
    }

    [Fact]
    public async Task Another_organization_sees_and_changes_nothing()
    {
        var (mine, other) = (await OrganizationAsync(), await OrganizationAsync());
        var row = await AccountAsync(mine.Id);
        var foreignKey = new AccountKey(other.Id, row.Key.User, row.Key.Connection);
        Assert.Null(await Store.Accounts.FindAsync(foreignKey, default));
        Assert.Null(await Store.Accounts.FindAsync(other.Id, row.Id, default));
        Assert.Empty((await Store.Accounts.FindForUserAsync(other.Id, row.Key.User, row.Provider, default))!.Rows);
        Assert.Empty((await Store.Accounts.ListAsync(other.Id, new AccountFilter(), 10, null, default)).Items);
        Assert.Equal(
            WriteOutcome.Stale,
            await Store.Accounts.UpdateAsync(row with { Key = foreignKey }, 1, GateCheck.None, [], default)
        );
        Assert.Equal(
            WriteOutcome.Stale,
            await Store.Accounts.InsertAsync(row with { Key = foreignKey }, GateCheck.None, [], default)
        );
        await Store.Accounts.TouchAsync([(other.Id, row.Id, Make.Now)], default);
        Same(row, (await Store.Accounts.FindAsync(row.Key, default))!.Row);
    }

    [Fact]
    public async Task Uses_are_noted_without_a_version_and_never_go_back()
    {
        var organization = await OrganizationAsync();
        var (a, b) = (await AccountAsync(organization.Id), await AccountAsync((await OrganizationAsync()).Id));
        var used = Make.Now.AddMinutes(5);
        await Store.Accounts.TouchAsync([(b.Key.Organization, b.Id, used), (organization.Id, a.Id, used)], default);
        await Store.Accounts.TouchAsync([(organization.Id, a.Id, used.AddMinutes(-1))], default);
        await Store.Accounts.TouchAsync([], default);
        Assert.Equal(
            (1L, used),
            (
                (await Store.Accounts.FindAsync(a.Key, default))!.Row.Version,
                (await Store.Accounts.FindAsync(a.Key, default))!.Row.LastUsedAt
            )
        );
        Assert.Equal(used, (await Store.Accounts.FindAsync(b.Key, default))!.Row.LastUsedAt);

        // A writer that has read the row before the touch must not reset the time of last use.
        await Store.Accounts.UpdateAsync(a with { Provider = "x" }, 1, GateCheck.None, [], default);
        Assert.Equal(used, (await Store.Accounts.FindAsync(a.Key, default))!.Row.LastUsedAt);
    }
}
