using Vault.Core.Accounts;
using Vault.Core.Execution;
using Vault.Core.Persistence;
using Vault.Core.Sealing;

namespace Vault.TestKit.Contracts;

/// <summary>Rotation finds all sealed values in order, and loses every race against another write.</summary>
public abstract class ResealSourceContract : StoreContract
{
    [Fact]
    public async Task Every_sealed_value_is_found_in_the_place_it_was_sealed_for()
    {
        var (organization, other) = ((await OrganizationAsync()).Id, (await OrganizationAsync()).Id);
        foreach (var owner in new[] { organization, other })
        {
            await Store.Accounts.InsertAsync(
                Make.Account(owner) with
                {
                    Grant = Make.Blob(2),
                    Credential = Make.Blob(1),
                },
                GateCheck.None,
                [],
                default
            );
        }

        var both = Make.Account(organization) with { Grant = Make.Blob(1), Credential = Make.Blob(1) };
        var connection = Make.Connection(organization) with { ClientSecret = Make.Blob(1) };
        var link = Make.Link(organization) with { CodeVerifier = Make.Blob(1) };
        var output = new StoredOutput(organization, "exe_1", "text/plain", 1, Make.Blob(1), Make.Now.AddHours(1));
        var answer = new IdempotentResponse(
            "a/b",
            "k%1",
            "d",
            200,
            "application/json",
            Make.Blob(1),
            Make.Now,
            Make.Now.AddHours(1)
        );
        await Store.Accounts.InsertAsync(both, GateCheck.None, [], default);
        await Store.Connections.InsertAsync(connection, GateCheck.None, [], default);
        await Store.Links.InsertAsync(link, GateCheck.None, [], default);
        await Store.Outputs.PutAsync(output, default);
        Assert.Null(await Store.Idempotency.ClaimAsync(organization, answer, Make.Now, default));

        var rows = new List<ResealRow>();
        string? after = null;
        while (await Store.Sealed.NextAsync(organization, 2, after, 2, default) is { Count: > 0 } page)
        {
            rows.AddRange(page);
            after = page[^1].Cursor;
        }

        Assert.Equal(rows.Select(r => r.Cursor).Order(StringComparer.Ordinal), rows.Select(r => r.Cursor));
        var contexts = rows.SelectMany(r => r.Fields).Select(f => f.Context).ToList();
        Assert.Equal(6, rows.Count);
        Assert.Equal(7, contexts.Count);
        Assert.Contains(SealContext.Grant(organization, both.Id, 5), contexts);
        Assert.Contains(SealContext.Credential(organization, both.Id, 3), contexts);
        Assert.Contains(SealContext.ClientSecret(organization, connection.Id, 2), contexts);
        Assert.Contains(SealContext.CodeVerifier(organization, link.Id), contexts);
        Assert.Contains(SealContext.Output(organization, "exe_1"), contexts);
        Assert.Contains(SealContext.IdempotentResponse(organization, "a/b", "k%1"), contexts);

        foreach (var row in rows)
        {
            Assert.True(await Store.Sealed.AnyBelowAsync(organization, 2, default));
            Assert.True(
                Assert.Single(
                    await Store.Sealed.WriteAsync(
                        organization,
                        2,
                        [new(row, [.. row.Fields.Select(_ => Make.Blob(2))])],
                        default
                    )
                )
            );
            Assert.False(
                Assert.Single(
                    await Store.Sealed.WriteAsync(
                        organization,
                        2,
                        [new(row, [.. row.Fields.Select(_ => Make.Blob(2))])],
                        default
                    )
                )
            );
        }

        Assert.False(await Store.Sealed.AnyBelowAsync(organization, 2, default));
        Assert.True(await Store.Sealed.AnyBelowAsync(other, 2, default));
        Assert.Empty(await Store.Sealed.NextAsync(organization, 2, null, 10, default));
        var stored = (await Store.Accounts.FindAsync(both.Key, default))!.Row;
        Same(both.State, stored.State);
        Assert.Equal((2u, 2u, 2L), (stored.Grant!.KeyVersion, stored.Credential!.KeyVersion, stored.Version));
    }

    [Fact]
    public async Task Each_row_of_a_page_has_its_own_compare_and_swap()
    {
        var organization = (await OrganizationAsync()).Id;
        AccountRow[] rows =
        [
            .. Enumerable.Range(0, 3).Select(_ => Make.Account(organization) with { Credential = null }),
        ];
        foreach (var row in rows)
            await Store.Accounts.InsertAsync(row, GateCheck.None, [], default);
        var page = await Store.Sealed.NextAsync(organization, 2, null, 10, default);
        var moved = rows.Single(r => page[1].Cursor.EndsWith(r.Id.Value, StringComparison.Ordinal));
        Assert.Equal(
            WriteOutcome.Written,
            await Store.Accounts.UpdateAsync(
                moved with
                {
                    Grant = Make.Blob(1),
                    Version = 2,
                },
                1,
                GateCheck.None,
                [],
                default
            )
        );
        Assert.Equal(
            [true, false, true],
            await Store.Sealed.WriteAsync(
                organization,
                2,
                [.. page.Select(r => new ResealedRow(r, [Make.Blob(2)]))],
                default
            )
        );
        Assert.Equal(
            page[1].Cursor,
            Assert.Single(await Store.Sealed.NextAsync(organization, 2, null, 10, default)).Cursor
        );
    }

    [Fact]
    public async Task A_reseal_loses_against_a_write_and_a_write_against_a_reseal()
    {
        var organization = (await OrganizationAsync()).Id;
        var row = Make.Account(organization) with { Credential = null };
        await Store.Accounts.InsertAsync(row, GateCheck.None, [], default);
        var seen = Assert.Single(await Store.Sealed.NextAsync(organization, 2, null, 10, default));
        var refreshed = row with { Grant = Make.Blob(1), State = row.State with { Generation = 6 }, Version = 2 };
        Assert.Equal(WriteOutcome.Written, await Store.Accounts.UpdateAsync(refreshed, 1, GateCheck.None, [], default));
        Assert.False(
            Assert.Single(await Store.Sealed.WriteAsync(organization, 2, [new(seen, [Make.Blob(2)])], default))
        );
        Same(refreshed, (await Store.Accounts.FindAsync(row.Key, default))!.Row);

        seen = Assert.Single(await Store.Sealed.NextAsync(organization, 2, null, 10, default));
        Assert.False(
            Assert.Single(
                await Store.Sealed.WriteAsync((await OrganizationAsync()).Id, 2, [new(seen, [Make.Blob(2)])], default)
            )
        );
        Assert.True(
            Assert.Single(await Store.Sealed.WriteAsync(organization, 2, [new(seen, [Make.Blob(2)])], default))
        );
        Assert.Equal(WriteOutcome.Stale, await Store.Accounts.UpdateAsync(refreshed, 2, GateCheck.None, [], default));
    }
}
