using System.Net;
using System.Text;
using Vault.Gateway.Tests.Host;

namespace Vault.Gateway.Tests.Http;

/// <summary>Pages of lists and their tokens.</summary>
public sealed partial class RequestShapeTests
{
    [Fact]
    public async Task Pages_follow_each_other_without_a_gap_and_a_foreign_token_is_refused()
    {
        await using var host = await GatewayHost.StartAsync();
        var (mine, other) = (await host.OrganizationAsync(), await host.OrganizationAsync());
        foreach (var organization in new[] { mine, other })
            for (var i = 0; i < 5; i++)
                (
                    await host.PostAsync(
                        "/v1/connections",
                        new
                        {
                            organization_id = organization,
                            provider = "acme",
                            name = "c" + i,
                            client_id = "x",
                        }
                    )
                ).Is(201);
        var names = new List<string>();
        string? token = null,
            first = null;
        do
        {
            var page = (
                await host.GetAsync(
                    $"/v1/connections?organization_id={mine}&page_size=2"
                        + (token is null ? "" : "&page_token=" + token)
                )
            ).Is(200);
            names.AddRange(page.Json["items"]!.AsArray().Select(i => i!["name"]!.GetValue<string>()));
            token = page.Json["next_page_token"]?.GetValue<string>();
            first ??= token;
        } while (token is not null);
        Assert.Equal(["c0", "c1", "c2", "c3", "c4"], names.Order());
        (await host.GetAsync($"/v1/connections?organization_id={other}&page_token={first}")).Is(400, "invalid_request");
        (await host.GetAsync($"/v1/connections?organization_id={mine}&provider=acme&page_token={first}")).Is(
            400,
            "invalid_request"
        );
    }

    /// <summary>
    /// The check of a token is no secret, so anybody can make one up; what the list cannot read is refused like any
    /// other foreign token.
    /// </summary>
    [Theory]
    [InlineData("abc")]
    [InlineData("-1")]
    [InlineData("99999999999999999999999")]
    [InlineData("1.0")]
    [InlineData("\u0000")]
    public async Task A_token_that_was_made_up_is_refused(string cursor)
    {
        await using var host = await GatewayHost.StartAsync();
        var organization = await host.OrganizationAsync();
        const string Filters =
            "organization_id={0}&type=&execution_id=&user_id=&agent=&tool=&connected_account_id=&from=&until=&order=";
        var scope =
            $"queryLedger|{organization}||"
            + string.Format(System.Globalization.CultureInfo.InvariantCulture, Filters, $"\"{organization}\"");
        string Token(string text) => Uri.EscapeDataString(Gateway.Http.PageTokens.Write(text, scope));
        (await host.GetAsync($"/v1/ledger?organization_id={organization}&page_token={Token("1")}")).Is(200);
        (await host.GetAsync($"/v1/ledger?organization_id={organization}&page_token={Token(cursor)}")).Is(
            400,
            "invalid_request"
        );
        var accounts =
            $"listConnectedAccounts|{organization}||organization_id=\"{organization}\"&user_id=&connection=&provider=&status=";
        var foreign = Gateway.Http.PageTokens.Write(
            Core.Persistence.PageCursor.Encode("accounts/org_01hzzzzzzzzzzzzzzzzzzzzzzz", "ca_0"),
            accounts
        );
        (
            await host.GetAsync(
                $"/v1/connected_accounts?organization_id={organization}&page_token={Uri.EscapeDataString(foreign)}"
            )
        ).Is(400, "invalid_request");
    }

    /// <summary>
    /// With a token of another connection the page went on after that one's last account, and skipped those before it.
    /// </summary>
    [Fact]
    public async Task A_token_of_another_path_is_refused()
    {
        await using var host = await GatewayHost.StartAsync();
        var organization = await host.OrganizationAsync();
        foreach (var connection in new[] { "one", "two" })
        {
            (
                await host.PostAsync(
                    "/v1/connections",
                    new
                    {
                        organization_id = organization,
                        provider = "acme",
                        name = connection,
                        client_id = "x",
                        scopes = new[] { "items:read", "items:write" },
                    }
                )
            ).Is(201);
            for (var i = 0; i < 3; i++)
                (
                    await host.PostAsync(
                        "/v1/connected_accounts",
                        new
                        {
                            organization_id = organization,
                            user_id = "u" + i,
                            connection,
                            scopes = new[] { "items:read" },
                            credential = new { type = "oauth_tokens", access_token = "a" },
                        }
                    )
                ).Is(201);
        }

        string Path(string connection) =>
            $"/v1/connections/{connection}/scope_bundles/1/accounts?organization_id={organization}&page_size=2";
        var first = (await host.GetAsync(Path("two"))).Is(200);
        Assert.Equal(2, first.Json["items"]!.AsArray().Count);
        Assert.Single(
            (await host.GetAsync(Path("two") + "&page_token=" + first["next_page_token"])).Is(200).Json[
                "items"
            ]!.AsArray()
        );
        (await host.GetAsync(Path("one") + "&page_token=" + first["next_page_token"])).Is(400, "invalid_request");
    }

    /// <summary>Rows that come while a list is read: none of those that were there is skipped or told twice.</summary>
    [Fact]
    public async Task A_list_that_grows_while_it_is_read_skips_and_doubles_nothing()
    {
        await using var host = await GatewayHost.StartAsync();
        var organization = await host.OrganizationAsync();
        async Task<string> AddAsync(int i) =>
            (
                await host.PostAsync(
                    "/v1/connections",
                    new
                    {
                        organization_id = organization,
                        provider = "acme",
                        name = "c" + i,
                        client_id = "x",
                    }
                )
            ).Is(201)["id"];
        var before = new List<string>();
        for (var i = 0; i < 6; i++)
            before.Add(await AddAsync(i));
        var read = new List<string>();
        string? token = null;
        do
        {
            var page = (
                await host.GetAsync(
                    $"/v1/connections?organization_id={organization}&page_size=2"
                        + (token is null ? "" : "&page_token=" + token)
                )
            ).Is(200);
            read.AddRange(page.Json["items"]!.AsArray().Select(c => c!["id"]!.GetValue<string>()));
            if (read.Count < 8)
                await AddAsync(10 + read.Count);
            token = page.Json["next_page_token"]?.GetValue<string>();
        } while (token is not null);
        Assert.Equal(read.Count, read.Distinct().Count());
        Assert.Empty(before.Except(read));
    }
}
