using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Vault.Host.Tests.Cli;

namespace Vault.Host.Tests.Providers;

/// <summary>F17: accounts of another product, with what it knows of each of them, through the command line.</summary>
public sealed class MoveInTests(ScriptedWorld scene) : IClassFixture<ScriptedWorld>
{
    [Fact]
    public async Task Accounts_move_in_with_their_parameters_and_what_is_not_known_stays_unknown()
    {
        await scene.ConnectionAsync("plainly");
        await scene.ConnectionAsync("realms", pack => Parameter(pack, "realm_id", "^[0-9]+$", "77"));
        await scene.ConnectionAsync("sites", pack =>
            Parameter(pack, "site_url", "^https://[a-z.]+$", "https://a.example.com")
        );
        var file = new JsonArray(
            Account("n1", "realms", new { id = "u1" }, """{"scope":"read write"}""", """{"realmId":"12345"}"""),
            Account("n2", "sites", new { id = "u1" }, """{"scope":"read","site_url":"https://b.example.com"}""", "{}"),
            Account("n3", "plainly", null, """{"scope":["read","write"]}""", "{}", """{"end_user_id":"u9"}"""),
            Account("n4", "plainly", null, "{}", "{}", expires: "2020-01-01T00:00:00.000Z"),
            Account("n5", "realms", new { id = "u5" }, "{}", "{}")
        );
        scene.Provider.Tokens["rt-n4"] = """{"access_token":"at-n4-2","refresh_token":"rt-n4-2","expires_in":3600}""";
        var cli = new CommandLine(
            new Dictionary<string, string>
            {
                ["VAULT_URL"] = scene.World.Urls[0],
                ["VAULT_KEY"] = scene.World.AdminKey,
                ["VAULT_ORGANIZATION"] = scene.Organization,
            }
        );

        var ran = await cli.RunAsync(file.ToJsonString(), "import", "nango", "-", "--apply");

        Assert.Equal(1, ran.Code);
        Assert.Contains("4 imported, 1 skipped", ran.Error, StringComparison.Ordinal);
        Assert.Contains("its realm_id is not in the file", ran.Out, StringComparison.Ordinal);
        var accounts = (
            await scene.World.GetAsync($"/v1/connected_accounts?organization_id={scene.Organization}&page_size=200")
        )
            .Json.GetProperty("items")
            .EnumerateArray()
            .ToDictionary(a => a.GetProperty("user_id").GetString() + " " + a.GetProperty("connection").GetString());
        Assert.Equal(
            ["n4 plainly", "u1 realms", "u1 sites", "u9 plainly"],
            accounts.Keys.Order(StringComparer.Ordinal)
        );
        // The sweep may have refreshed the expired one by now, which is a use.
        Assert.All(accounts.Where(a => a.Key != "n4 plainly").Select(a => a.Value), a =>
            Assert.Equal(
                ("PENDING_VERIFICATION", "awaiting_verification"),
                (a.GetProperty("status").GetString(), a.GetProperty("status_reason").GetString())
            )
        );
        Assert.Equal("12345", accounts["u1 realms"].GetProperty("parameters").GetProperty("realm_id").GetString());
        Assert.Equal(
            "https://b.example.com",
            accounts["u1 sites"].GetProperty("parameters").GetProperty("site_url").GetString()
        );
        Assert.Equal(2, accounts["u9 plainly"].GetProperty("granted_scopes").GetArrayLength());
        Assert.True(accounts["n4 plainly"].GetProperty("scopes_unknown").GetBoolean());
        Assert.Empty(accounts["n4 plainly"].GetProperty("granted_scopes").EnumerateArray());

        // The first use is the check; one whose scopes are unknown is not refused for them.
        foreach (var (user, tool) in new[] { ("n4", "plainly_change"), ("u9", "plainly_look"), ("u1", "realms_look") })
        {
            var done = await scene.World.ExecuteAsync(scene.Organization, user, tool);
            Assert.True(done.Status == HttpStatusCode.OK, done.ToString());
        }

        var id = accounts["n4 plainly"].GetProperty("id").GetString()!;
        Assert.Equal("ACTIVE", (await scene.AccountAsync(id))["status"]);
        Assert.Equal(
            "PENDING_VERIFICATION",
            (await scene.AccountAsync(accounts["u1 sites"].GetProperty("id").GetString()!))["status"]
        );
        var waiting = await scene.World.GetAsync(
            $"/v1/connected_accounts?organization_id={scene.Organization}&status=PENDING_VERIFICATION"
        );
        Assert.Equal(1, waiting.Json.GetProperty("items").GetArrayLength());
        Assert.Equal("Bearer at-n4-2", scene.Provider.Requests.Last(r => r.Path == "/change").Authorization);
    }

    private static void Parameter(JsonObject pack, string name, string pattern, string example)
    {
        pack["parameters"] = new JsonObject
        {
            [name] = new JsonObject
            {
                ["source"] = "captured",
                ["pattern"] = pattern,
                ["required"] = true,
                ["example"] = example,
            },
        };
        pack["oauth"]!["answer"]!["capture"] = new JsonObject { [name] = name };
        pack["api"]!["headers"] = new JsonObject { ["X-Place"] = "{" + name + "}" };
    }

    private static JsonNode Account(
        string id,
        string integration,
        object? user,
        string raw,
        string config,
        string tags = "{}",
        string expires = "2099-01-01T00:00:00.000Z"
    ) =>
        new JsonObject
        {
            ["connection_id"] = id,
            ["provider"] = integration,
            ["provider_config_key"] = integration,
            ["end_user"] = user is null ? null : JsonSerializer.SerializeToNode(user),
            ["tags"] = JsonNode.Parse(tags),
            ["connection_config"] = JsonNode.Parse(config),
            ["metadata"] = null,
            ["credentials"] = new JsonObject
            {
                ["type"] = "OAUTH2",
                ["access_token"] = "at-" + id,
                ["refresh_token"] = "rt-" + id,
                ["expires_at"] = expires,
                ["raw"] = JsonNode.Parse(raw),
            },
        };
}
