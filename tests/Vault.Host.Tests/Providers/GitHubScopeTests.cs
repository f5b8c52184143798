using System.Text.Json.Nodes;
using Vault.Host.Tests.EndToEnd;

namespace Vault.Host.Tests.Providers;

/// <summary>
/// F02: GitHub's OAuth Apps have scopes of their own and its Apps have none, and both run the tools of the App pack.
/// The
/// built-in packs, with the addresses of a scripted provider.
/// </summary>
public sealed class GitHubScopeTests(ScriptedWorld scene) : IClassFixture<ScriptedWorld>
{
    [Theory]
    [InlineData("github", "github_list_issues", "repo")]
    [InlineData("github", null, "repo")]
    [InlineData("github", "github_delete_repo", "delete_repo")]
    [InlineData("github_app_user", "github_list_issues", "")]
    [InlineData("github_app_user", null, "")]
    public async Task A_consent_asks_for_the_scopes_that_this_kind_of_client_has(
        string provider,
        string? tool,
        string scopes
    )
    {
        await LocalAsync(provider);
        var (_, _, asked) = await scene.ConsentAsync(
            provider,
            "usual",
            tools: tool is null ? null : [tool],
            user: "user-" + Guid.NewGuid().ToString("N")
        );
        Assert.Equal(scopes, asked);
    }

    [Theory]
    [InlineData("github", """{"access_token":"gho","token_type":"bearer","scope":"repo,gist"}""")]
    [InlineData("github", """{"access_token":"gho","token_type":"bearer","scope":"public_repo"}""")]
    [InlineData(
        "github_app_user",
        """{"access_token":"ghu","token_type":"bearer","scope":"","expires_in":28800,"refresh_token":"ghr"}"""
    )]
    public async Task Its_grants_run_the_tools(string provider, string answer)
    {
        await LocalAsync(provider);
        scene.Provider.Tokens["issues"] = answer;
        var user = "user-" + Guid.NewGuid().ToString("N");
        var (account, page, _) = await scene.ConsentAsync(provider, "issues", user: user);
        Assert.True((await scene.AccountAsync(account))["status"] == "ACTIVE", page);

        foreach (var tool in new[] { "github_list_issues", "github_list_pulls", "github_get_repo" })
        {
            var done = await scene.World.ExecuteAsync(scene.Organization, user, tool, new { owner = "o", repo = "r" });
            Assert.True(done.Status == System.Net.HttpStatusCode.OK, done.ToString());
        }
    }

    /// <summary>The built-in packs with local addresses; loaded once for all cases.</summary>
    private async Task LocalAsync(string provider)
    {
        var known = await scene.World.GetAsync(
            "/v1/connections/" + provider + "?organization_id=" + scene.Organization
        );
        if (known.Status == System.Net.HttpStatusCode.OK)
            return;
        foreach (var id in new[] { "github_app", provider })
        {
            var file = Path.Combine(AppContext.BaseDirectory, "packs", id + ".json");
            var text = (await File.ReadAllTextAsync(file))
                .Replace("https://api.github.com", scene.Provider.Url, StringComparison.Ordinal)
                .Replace("https://github.com", scene.Provider.Url, StringComparison.Ordinal);
            var pack = JsonNode.Parse(text)!.AsObject();
            pack["hosts"] = new JsonArray("127.0.0.1");
            pack["development_only"] = true;
            // A pack with other addresses comes into force when a second, older platform key accepts them.
            var operators = new { name = "operator", permissions = new[] { "admin" } };
            var first = await scene.World.PostAsync("/v1/api_keys", operators);
            var second = await scene.World.PostAsync("/v1/api_keys", operators);
            using var storing = World.NewClient(scene.World.Urls[0], first["key"]);
            var put = await scene.World.PostAsync("/v1/providers", pack, client: storing);
            Assert.True(put.Status == System.Net.HttpStatusCode.Created, put.ToString());
            // Another case has stored the same addresses already.
            if (put.Json.GetProperty("pending") is not { ValueKind: System.Text.Json.JsonValueKind.Object } pending)
                continue;
            using var client = World.NewClient(scene.World.Urls[0], second["key"]);
            var accepted = await scene.World.PostAsync(
                $"/v1/providers/{id}:accept_origins",
                new { change = pending.GetProperty("change").GetString() },
                client: client
            );
            Assert.True(accepted.Status == System.Net.HttpStatusCode.OK, accepted.ToString());
        }

        await scene.World.ConnectionAsync(
            scene.Organization,
            provider,
            new
            {
                client_id = "c",
                client_secret = "s",
                parameters = new { },
            }
        );
    }
}
