using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Vault.Sandbox.Grants;
using Vault.TestKit;

namespace Vault.Host.Tests.EndToEnd;

/// <summary>
/// Law 10 on a real host and both stores: a credential goes only to the addresses that it was stored for, whatever is
/// done to its connection or to its provider's pack.
/// </summary>
public sealed class DestinationTests
{
    private const string Tool = "sandbox_single_use_get_profile";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_edited_connection_stops_its_accounts_until_the_address_is_back(bool postgres)
    {
        await using var world = await World.StartAsync(1, postgres);
        await using var foreign = new ForeignServer();
        var organization = await world.OrganizationAsync();
        await world.ConnectionAsync(organization, "sandbox_single_use");
        var account = await ImportAsync(world, organization, "ada");
        await ImportAsync(world, organization, "bob");
        Assert.Equal(HttpStatusCode.OK, (await world.ExecuteAsync(organization, "ada", Tool)).Status);

        var bare = await PatchAsync(world, organization, foreign.Url, null);
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_request"), (bare.Status, bare.Code));
        Assert.Contains("client_secret: send it again", bare.Text, StringComparison.Ordinal);
        Assert.Contains("stops 2 account(s)", bare.Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await world.ExecuteAsync(organization, "ada", Tool)).Status);

        var moved = await PatchAsync(world, organization, foreign.Url, "another-secret");
        Assert.Equal((HttpStatusCode.OK, "2"), (moved.Status, moved["accounts_stopped"]));
        var refused = await Eventually.UntilAsync(
            () => world.ExecuteAsync(organization, "ada", Tool),
            r => r.Status != HttpStatusCode.OK
        );
        Assert.Equal((HttpStatusCode.Forbidden, "destination_changed"), (refused.Status, refused.Code));
        Assert.Equal("destination_changed", (await world.ExecuteAsync(organization, "bob", Tool)).Code);
        var refresh = await world.PostAsync(
            $"/v1/connected_accounts/{account}:refresh",
            new { organization_id = organization }
        );
        Assert.Equal("destination_changed", refresh.Code);
        var shown = await world.GetAsync($"/v1/connected_accounts/{account}?organization_id={organization}");
        Assert.Equal("ACTIVE", shown["status"]);

        var back = await PatchAsync(world, organization, world.Sandbox.BaseUrl, "demo-secret");
        Assert.Equal("0", back["accounts_stopped"]);
        await Eventually.UntilAsync(
            () => world.ExecuteAsync(organization, "ada", Tool),
            r => r.Status == HttpStatusCode.OK
        );
        Assert.Empty(foreign.Heard);

        var entries = await world.LedgerAsync(organization, "connection.changed");
        Assert.Equal(
            [world.Sandbox.BaseUrl, foreign.Url],
            ChangeOf(entries[^1], "parameters.base_url").Select(v => v.GetString())
        );
        Assert.Equal(["set", "changed"], ChangeOf(entries[^1], "client_secret").Select(v => v.GetString()));
        Assert.All(entries, e => Assert.DoesNotContain("another-secret", e.GetRawText(), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_revocation_is_not_sent_to_a_new_address_and_holds_here(bool postgres)
    {
        await using var world = await World.StartAsync(1, postgres);
        await using var foreign = new ForeignServer();
        var organization = await world.OrganizationAsync();
        await world.ConnectionAsync(organization, "sandbox_single_use");
        var account = await ImportAsync(world, organization, "ada");
        await PatchAsync(world, organization, foreign.Url, "another-secret");
        var receipt = await world.PostAsync(
            $"/v1/connected_accounts/{account}:revoke",
            new { organization_id = organization }
        );
        Assert.Equal(HttpStatusCode.OK, receipt.Status);
        Assert.Contains("destination_changed", receipt.Text, StringComparison.Ordinal);
        Assert.Equal("auth_revoked", (await world.ExecuteAsync(organization, "ada", Tool)).Code);
        Assert.Empty(foreign.Heard);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_pack_with_other_addresses_waits_for_a_second_key_and_redirects_nothing(bool postgres)
    {
        await using var world = await World.StartAsync(1, postgres);
        await using var foreign = new ForeignServer();
        var (one, other, idle) = (
            await world.OrganizationAsync("One"),
            await world.OrganizationAsync("Other"),
            await world.OrganizationAsync("Idle")
        );
        foreach (var organization in new[] { one, other })
        {
            await world.ConnectionAsync(organization, "sandbox_single_use");
            await ImportAsync(world, organization, "ada");
        }

        var (first, second) = (await KeyAsync(world), await KeyAsync(world));
        var pack = await PackAsync("9.0.0", foreign.Url);
        using var storing = World.NewClient(world.Urls[0], first);
        var stored = await world.PostAsync("/v1/providers", pack, client: storing);
        Assert.Equal(HttpStatusCode.Created, stored.Status);
        var change = stored.Json.GetProperty("pending").GetProperty("change").GetString();
        Assert.Equal("1.0.0", (await world.GetAsync("/v1/providers/sandbox_single_use"))["version"]);
        var waiting = await world.GetAsync("/v1/providers/sandbox_single_use/pending_origins");
        Assert.Equal(change, waiting["change"]);
        Assert.Contains(foreign.Url, waiting["added"], StringComparison.Ordinal);
        await RefusedAsync(first, change, "policy_denied");
        // It made the key that stored the change.
        await RefusedAsync(world.AdminKey, change, "policy_denied");
        await RefusedAsync(await KeyAsync(world), change, "policy_denied");
        await RefusedAsync(second, new string('0', 64), "conflict");
        Assert.Equal(HttpStatusCode.OK, (await world.ExecuteAsync(one, "ada", Tool)).Status);

        var accepted = await AcceptAsync(second, change);
        Assert.Equal(HttpStatusCode.OK, accepted.Status);
        Assert.Equal(("2", "2"), (accepted["organizations"], accepted["accounts_stopped"]));
        Assert.Equal("9.0.0", (await world.GetAsync("/v1/providers/sandbox_single_use"))["version"]);
        Assert.Equal("destination_changed", (await world.ExecuteAsync(one, "ada", Tool)).Code);
        Assert.Empty(foreign.Heard);
        foreach (var organization in new[] { one, other })
        {
            var entry = Assert.Single(await world.LedgerAsync(organization, "provider.origins_changed"));
            var details = entry.GetProperty("details");
            Assert.Equal(1, details.GetProperty("accounts_stopped").GetInt64());
            Assert.Single(details.GetProperty("connections").EnumerateArray());
            Assert.Contains(foreign.Url, details.GetProperty("added").GetRawText(), StringComparison.Ordinal);
        }

        var none = await world.GetAsync($"/v1/ledger?organization_id={idle}&type=provider.origins_changed");
        Assert.Equal(0, none.Json.GetProperty("items").GetArrayLength());
        await RefusedAsync(second, change, "not_found");

        async Task RefusedAsync(string key, string? seen, string code) =>
            Assert.Equal(code, (await AcceptAsync(key, seen)).Code);

        async Task<Reply> AcceptAsync(string key, string? seen)
        {
            using var client = World.NewClient(world.Urls[0], key);
            return await world.PostAsync(
                "/v1/providers/sandbox_single_use:accept_origins",
                new { change = seen },
                client: client
            );
        }
    }

    [Fact]
    public async Task A_pack_that_leads_nowhere_else_is_in_force_at_once_and_withdraws_what_waits()
    {
        await using var world = await World.StartAsync();
        await using var foreign = new ForeignServer();
        await world.PostAsync("/v1/providers", await PackAsync("9.0.0", foreign.Url));
        var plain = await world.PostAsync("/v1/providers", await PackAsync("9.0.1", null));
        Assert.Equal(JsonValueKind.Null, plain.Json.GetProperty("pending").ValueKind);
        Assert.Equal("9.0.1", (await world.GetAsync("/v1/providers/sandbox_single_use"))["version"]);
        var waiting = await world.GetAsync("/v1/providers/sandbox_single_use/pending_origins");
        Assert.Equal("not_found", waiting.Code);
    }

    private static JsonElement[] ChangeOf(JsonElement entry, string setting)
    {
        var change = entry
            .GetProperty("details")
            .GetProperty("changes")
            .EnumerateArray()
            .Single(c => c.GetProperty("setting").GetString() == setting);
        return [change.GetProperty("old"), change.GetProperty("new")];
    }

    private static Task<string> ImportAsync(World world, string organization, string user) =>
        world.ImportAsync(
            organization,
            user,
            "sandbox_single_use",
            world.Sandbox.Grants.Mint(new GrantSeed { Subject = "alice" }),
            DateTimeOffset.UtcNow.AddHours(1)
        );

    private static async Task<string> KeyAsync(World world)
    {
        var made = await world.PostAsync(
            "/v1/api_keys",
            new { name = "second", permissions = new[] { "providers:write" } }
        );
        Assert.Equal(HttpStatusCode.Created, made.Status);
        return made["key"];
    }

    private static async Task<JsonNode> PackAsync(string version, string? api)
    {
        var file = Path.Combine(AppContext.BaseDirectory, "packs", "sandbox_single_use.json");
        var pack = JsonNode.Parse(await File.ReadAllTextAsync(file))!;
        pack["version"] = version;
        if (api is not null)
            pack["api"]!["base_url"] = api;
        return pack;
    }

    private static async Task<Reply> PatchAsync(World world, string organization, string address, string? secret)
    {
        var body = new JsonObject
        {
            ["organization_id"] = organization,
            ["parameters"] = new JsonObject { ["base_url"] = address },
        };
        if (secret is not null)
            body["client_secret"] = secret;
        using var client = World.NewClient(world.Urls[0], world.AdminKey);
        return await Reply.ReadAsync(
            await client.PatchAsJsonAsync(new Uri("/v1/connections/sandbox_single_use", UriKind.Relative), body)
        );
    }
}
