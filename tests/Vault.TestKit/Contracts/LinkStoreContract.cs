using Vault.Core.Consent;
using Vault.Core.Persistence;

namespace Vault.TestKit.Contracts;

public abstract class LinkStoreContract : StoreContract
{
    [Fact]
    public async Task A_link_is_found_by_its_digests_alone()
    {
        var (one, two) = (await OrganizationAsync(), await OrganizationAsync());
        var (link, other) = (Make.Link(one.Id), Make.Link(two.Id));
        Assert.Equal(WriteOutcome.Written, await Store.Links.InsertAsync(link, GateCheck.OpenAt(1), [], default));
        Assert.Equal(WriteOutcome.Written, await Store.Links.InsertAsync(other, GateCheck.OpenAt(1), [], default));
        Same(link, await Store.Links.FindByTokenAsync(link.TokenHash, default));
        Same(other, await Store.Links.FindByTokenAsync(other.TokenHash, default));
        Assert.Null(await Store.Links.FindByTokenAsync("unknown", default));
        Assert.Null(await Store.Links.FindByStateAsync("unknown", default));

        var opened = link with
        {
            Version = 2,
            Status = LinkStatus.Opened,
            StateHash = "state",
            BrowserHash = "browser",
            CodeVerifier = Make.Blob(1),
            Request = new LinkRequest { Issuer = "https://idp.example" },
        };
        Assert.Equal(WriteOutcome.Written, await Store.Links.UpdateAsync(opened, 1, [], default));
        Same(opened, await Store.Links.FindByStateAsync("state", default));
    }

    [Fact]
    public async Task Of_many_browsers_one_opens_it()
    {
        var link = Make.Link((await OrganizationAsync()).Id);
        await Store.Links.InsertAsync(link, GateCheck.None, [], default);
        var race = await RaceAsync(Rivals, i =>
            Store.Links.UpdateAsync(
                link with
                {
                    Status = LinkStatus.Opened,
                    StateHash = "s" + i,
                    BrowserHash = "b" + i,
                },
                1,
                [],
                default
            )
        );
        Assert.Single(race, WriteOutcome.Written);
        var stored = await Store.Links.FindByTokenAsync(link.TokenHash, default);
        Assert.Equal("b" + Array.IndexOf(race, WriteOutcome.Written), stored!.BrowserHash);
    }

    [Fact]
    public async Task Digests_are_unique_over_all_organizations()
    {
        var (one, two) = (await OrganizationAsync(), await OrganizationAsync());
        var (first, second) = (Make.Link(one.Id), Make.Link(two.Id));
        await Store.Links.InsertAsync(first, GateCheck.None, [], default);
        Assert.Equal(
            WriteOutcome.Stale,
            await Store.Links.InsertAsync(second with { TokenHash = first.TokenHash }, GateCheck.None, [], default)
        );
        await Store.Links.InsertAsync(second, GateCheck.None, [], default);
        Assert.Equal(
            WriteOutcome.Written,
            await Store.Links.UpdateAsync(first with { StateHash = "state" }, 1, [], default)
        );
        Assert.Equal(
            WriteOutcome.Stale,
            await Store.Links.UpdateAsync(second with { StateHash = "state" }, 1, [], default)
        );
        Assert.Equal(
            WriteOutcome.Stale,
            await Store.Links.UpdateAsync(second with { Key = first.Key }, 1, [], default)
        );
        Assert.Equal(first.Id, (await Store.Links.FindByStateAsync("state", default))!.Id);
    }

    [Fact]
    public async Task A_shut_gate_refuses_a_link()
    {
        var organization = await SwitchAsync(await OrganizationAsync(), open: false);
        Assert.Equal(
            WriteOutcome.GateShut,
            await Store.Links.InsertAsync(Make.Link(organization.Id), GateCheck.OpenAt(1), [], default)
        );
    }

    [Fact]
    public async Task Expired_links_go_in_bounded_steps()
    {
        var (one, two) = (await OrganizationAsync(), await OrganizationAsync());
        for (var i = 0; i < 5; i++)
            await Store.Links.InsertAsync(
                Make.Link(i % 2 == 0 ? one.Id : two.Id) with
                {
                    ExpiresAt = Make.Now.AddMinutes(-i),
                },
                GateCheck.None,
                [],
                default
            );
        var fresh = Make.Link(one.Id) with { ExpiresAt = Make.Now.AddMinutes(5) };
        await Store.Links.InsertAsync(fresh, GateCheck.None, [], default);
        Assert.Equal(3, await Store.Links.DeleteExpiredAsync(Make.Now.AddMinutes(1), 3, default));
        Assert.Equal(2, await Store.Links.DeleteExpiredAsync(Make.Now.AddMinutes(1), 3, default));
        Assert.Equal(0, await Store.Links.DeleteExpiredAsync(Make.Now.AddMinutes(1), 3, default));
        Assert.NotNull(await Store.Links.FindByTokenAsync(fresh.TokenHash, default));
    }

    [Fact]
    public async Task Links_whose_code_is_being_exchanged_are_listed_of_all_organizations()
    {
        var (one, two) = (await OrganizationAsync(), await OrganizationAsync());
        var (first, second, idle) = (Make.Link(one.Id), Make.Link(two.Id), Make.Link(one.Id));
        foreach (var link in new[] { second, first, idle })
            await Store.Links.InsertAsync(link, GateCheck.None, [], default);
        await Store.Links.UpdateAsync(
            first with
            {
                Status = LinkStatus.Exchanging,
                ExpiresAt = Make.Now.AddMinutes(1),
            },
            1,
            [],
            default
        );
        await Store.Links.UpdateAsync(
            second with
            {
                Status = LinkStatus.Exchanging,
                ExpiresAt = Make.Now.AddMinutes(2),
            },
            1,
            [],
            default
        );
        var listed = (await Store.Links.ListExchangingAsync(1_000, default)).Where(t =>
            t == first.TokenHash || t == second.TokenHash || t == idle.TokenHash
        );
        Assert.Equal([first.TokenHash, second.TokenHash], listed);
        Assert.Single(await Store.Links.ListExchangingAsync(1, default));
    }
}
