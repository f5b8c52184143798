using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Vault.Sandbox.Grants;

namespace Vault.Host.Tests.EndToEnd;

/// <summary>
/// An organization's key is rotated over one value of every sealed place, each written by the request that writes it in
/// production.
/// </summary>
public abstract class KeyRotationTests(IHosts hosts)
{
    private const string Provider = "sandbox_single_use";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_rotation_finishes_while_an_answer_is_kept_and_every_sealed_value_opens_afterwards(bool postgres)
    {
        await using var world = await hosts.StartAsync(1, postgres);
        string[] redirects = [.. world.Urls.Select(u => u + "/oauth/callback")];
        world.Sandbox.Clients.Update("demo-client", c => c with { RedirectUris = redirects });
        var organization = await world.OrganizationAsync();

        // A client secret, tokens, an own credential, the verifier of a consent under way, a cut output and a kept
        // answer.
        var connection = await world.ConnectionAsync(organization, Provider);
        await world.ConnectionAsync(organization, "sandbox_key", new { });
        await world.ImportAsync(
            organization,
            "ada",
            connection,
            world.Sandbox.Grants.Mint(new GrantSeed { Subject = "alice" }),
            DateTimeOffset.UtcNow.AddHours(1)
        );
        var own = await world.PostAsync(
            "/v1/connected_accounts",
            new
            {
                organization_id = organization,
                user_id = "service:nightly",
                connection = "sandbox_key",
                credential = new { type = "api_key", api_key = "sandbox-key-0001-demo" },
            }
        );
        Assert.True(own.Status == HttpStatusCode.Created, own.ToString());
        var link = await world.PostAsync(
            "/v1/connected_accounts:link",
            new
            {
                organization_id = organization,
                user_id = "eve",
                connection = Provider,
            }
        );
        using var browser = new Browser();
        var consent = await browser.BeginAsync(link["link"]);
        var large = await world.ExecuteAsync(organization, "ada", Provider + "_large", new { bytes = 1_200_000 });
        Assert.Equal((HttpStatusCode.OK, "true"), (large.Status, large["truncated"]));
        var kept = await CreateAsync(world, organization, "key-1");
        Assert.True(kept.Status == HttpStatusCode.OK, kept.ToString());
        var calls = world.Sandbox.Counters.ApiCalls;

        var asked = await world.PostAsync($"/v1/organizations/{organization}:rotate_key", new { });
        Assert.True(
            asked.Status == HttpStatusCode.OK && asked["status"] is "finished" or "in_progress",
            asked.ToString()
        );
        var rotated = Assert.Single(await world.LedgerAsync(organization, "organization.key_rotated"));
        var begun = Assert.Single(await world.LedgerAsync(organization, "organization.key_rotation_begun"));
        var rotation = (await world.GetAsync("/v1/organizations/" + organization)).Json.GetProperty("key_rotation");

        Assert.Equal(
            ("finished", 2, 6),
            (
                rotation.GetProperty("status").GetString(),
                Number(rotation, "key_version"),
                Number(rotation, "resealed_rows")
            )
        );
        Assert.Equal(0, rotation.GetProperty("blocked_rows").GetArrayLength());
        Assert.Equal(2, Number(begun.GetProperty("details"), "key_version"));
        Assert.Equal(
            (2, 6),
            (
                Number(rotated.GetProperty("details"), "key_version"),
                Number(rotated.GetProperty("details"), "resealed_rows")
            )
        );
        Assert.Equal(begun.GetProperty("caller").GetString(), rotated.GetProperty("caller").GetString());

        var again = await CreateAsync(world, organization, "key-1");
        Assert.Equal((kept["execution_id"], calls), (again["execution_id"], world.Sandbox.Counters.ApiCalls));
        Assert.Equal("true", Assert.Single(again.Headers.GetValues("Idempotency-Replayed")));
        var output = await world.GetAsync(
            $"/v1/executions/{large["execution_id"]}/output?organization_id={organization}&limit=1024"
        );
        Assert.Equal("1200000", output["length"]);
        Assert.Equal(HttpStatusCode.OK, (await browser.ConsentedAsync(consent)).Status);
        Reply.AllOk([
            await world.ExecuteAsync(organization, "eve", Provider + "_get_profile"),
            await world.ExecuteAsync(organization, "service:nightly", "sandbox_key_get_profile"),
        ]);

        // The refresh token and the client secret.
        world.Sandbox.Grants.ExpireAllAccess();
        Reply.AllOk([await world.ExecuteAsync(organization, "ada", Provider + "_get_profile")]);
        Assert.Equal(1, world.Sandbox.Counters.Refreshes);
    }

    private static int Number(System.Text.Json.JsonElement from, string member) => from.GetProperty(member).GetInt32();

    private static async Task<Reply> CreateAsync(World world, string organization, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/v1/execute_tool", UriKind.Relative))
        {
            Content = JsonContent.Create(
                new JsonObject
                {
                    ["organization_id"] = organization,
                    ["user_id"] = "ada",
                    ["tool_name"] = Provider + "_create_item",
                    ["tool_input"] = new JsonObject { ["name"] = "one" },
                }
            ),
            Headers = { { "Idempotency-Key", key } },
        };
        return await Reply.ReadAsync(await world.Client().SendAsync(request));
    }
}
