using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Gateway.Tests.Host;

namespace Vault.Gateway.Tests.Connect;

public sealed class CredentialTests
{
    [Fact]
    public async Task A_key_is_taken_masked_used_and_replaced()
    {
        await using var host = await GatewayHost.StartAsync();
        var organization = await host.OrganizationAsync();
        await host.ConnectionAsync(organization, "keyed");
        var made = (
            await ImportAsync(
                host,
                organization,
                new { type = "api_key", api_key = "sk_live_0123456789ab" },
                validate: true
            )
        ).Is(201);
        Assert.Equal("ACTIVE", made["status"]);
        Assert.Equal("…89ab", made["masked_suffix"]);
        Assert.DoesNotContain("sk_live", made.Text, StringComparison.Ordinal);
        Assert.Equal("u-1", made.Json["identity"]!["subject"]!.GetValue<string>());
        Assert.Equal(1, host.Provider.Identified);

        string? sent = null;
        host.Upstream.Answer = call =>
        {
            sent = call.Credential!.Fields["api_key"].RevealText();
            return Task.FromResult(
                new Vault.Core.Execution.UpstreamReply(Vault.Core.Execution.UpstreamOutcome.Succeeded, 200)
            );
        };
        var execute = new
        {
            tool_name = "keyed_get_item",
            organization_id = organization,
            user_id = "user-1",
            tool_input = new { id = "1" },
        };
        (await host.PostAsync("/v1/execute_tool", execute)).Is(200);
        Assert.Equal("sk_live_0123456789ab", sent);

        var rotated = (
            await host.PostAsync(
                $"/v1/connected_accounts/{made["id"]}:rotate_credential",
                new
                {
                    organization_id = organization,
                    credential = new { type = "api_key", api_key = "sk_live_new_98765432" },
                }
            )
        ).Is(200);
        Assert.Equal("…5432", rotated["masked_suffix"]);
        (await host.PostAsync("/v1/execute_tool", execute)).Is(200);
        Assert.Equal("sk_live_new_98765432", sent);
        (
            await host.PostAsync(
                $"/v1/connected_accounts/{made["id"]}:reconnect",
                new { organization_id = organization }
            )
        ).Is(400, "invalid_request");
    }

    [Fact]
    public async Task A_credential_the_provider_refuses_is_not_stored()
    {
        await using var host = await GatewayHost.StartAsync();
        var organization = await host.OrganizationAsync();
        await host.ConnectionAsync(organization, "keyed");
        host.Provider.Identity = new IdentityReply.Refused("invalid_key");
        (
            await ImportAsync(
                host,
                organization,
                new { type = "api_key", api_key = "sk_live_0123456789ab" },
                validate: true
            )
        ).Is(422, "credential_invalid");
        host.Provider.Identity = new IdentityReply.Unavailable("timeout", TimeSpan.FromSeconds(3));
        var busy = (
            await ImportAsync(
                host,
                organization,
                new { type = "api_key", api_key = "sk_live_0123456789ab" },
                validate: true
            )
        ).Is(503, "upstream_unavailable");
        Assert.Equal("3", busy.Header("Retry-After"));
        Assert.Empty(
            (await host.GetAsync($"/v1/connected_accounts?organization_id={organization}")).Json["items"]!.AsArray()
        );
    }

    [Theory]
    [InlineData("""{"type":"api_key"}""", "credential/api_key")]
    [InlineData("""{"type":"api_key","api_key":"sk_1","extra":"x"}""", "credential/extra")]
    [InlineData("""{"type":"api_key","api_key":7}""", "credential/api_key")]
    [InlineData("""{"type":"basic","username":"u","password":"p"}""", "credential/type")]
    [InlineData("""{"type":"nonsense"}""", "credential/type")]
    [InlineData("""{"api_key":"sk_1"}""", "credential/type")]
    public async Task What_is_wrong_with_a_credential_is_named_by_its_field(string credential, string field)
    {
        await using var host = await GatewayHost.StartAsync();
        var organization = await host.OrganizationAsync();
        await host.ConnectionAsync(organization, "keyed");
        var reply = (
            await host.PostAsync(
                "/v1/connected_accounts",
                $$"""{"organization_id":"{{organization}}","user_id":"u","connection":"keyed","credential":{{credential}}}"""
            )
        ).Is(400, "invalid_request");
        Assert.Contains(reply.Json["violations"]!.AsArray(), v => v!["path"]!.GetValue<string>() == field);
    }

    [Fact]
    public async Task Tokens_from_elsewhere_are_imported_with_their_expiry_and_identity()
    {
        await using var scene = await Scene.SetAsync();
        var until = scene.Host.Time.GetUtcNow().AddHours(1).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'");
        var body = new
        {
            organization_id = scene.Organization,
            user_id = "user-1",
            connection = "acme",
            scopes = new[] { "items:read" },
            expected_identity = "u-1",
            credential = new
            {
                type = "oauth_tokens",
                access_token = "imported-access",
                refresh_token = "imported-refresh",
                expires_at = until,
            },
        };
        var made = (await scene.Host.PostAsync("/v1/connected_accounts", body)).Is(201);
        Assert.StartsWith(until[..19], made["expires_at"], StringComparison.Ordinal);
        Assert.DoesNotContain("imported-", made.Text, StringComparison.Ordinal);
        scene.Host.Provider.Identity = new IdentityReply.Known(new ProviderIdentity("someone-else", null, null, null));
        (await scene.Host.PostAsync("/v1/connected_accounts", body)).Is(409, "identity_mismatch");
    }

    [Fact]
    public async Task A_client_secret_goes_in_and_never_comes_out()
    {
        await using var scene = await Scene.SetAsync();
        var host = scene.Host;
        var read = (await host.GetAsync($"/v1/connections/acme?organization_id={scene.Organization}")).Is(200);
        Assert.True(read.Json["has_client_secret"]!.GetValue<bool>());
        Assert.DoesNotContain("client-secret-1", read.Text, StringComparison.Ordinal);
        (
            await host.SendAsync(
                HttpMethod.Patch,
                "/v1/connections/acme",
                new { organization_id = scene.Organization, scopes = new[] { "items:read" } }
            )
        ).Is(200);
        read = (await host.GetAsync($"/v1/connections/acme?organization_id={scene.Organization}")).Is(200);
        Assert.True(read.Json["has_client_secret"]!.GetValue<bool>());
        Assert.Equal(2, read.Json["scopes_version"]!.GetValue<int>());
        (
            await host.SendAsync(
                HttpMethod.Patch,
                "/v1/connections/acme",
                $$"""{"organization_id":"{{scene.Organization}}","client_secret":null}"""
            )
        ).Is(200);
        read = (await host.GetAsync($"/v1/connections/acme?organization_id={scene.Organization}")).Is(200);
        Assert.False(read.Json["has_client_secret"]!.GetValue<bool>());
        Assert.DoesNotContain(host.Logs.Lines, l => l.Contains("client-secret-1", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("redirect_uri", "\"http://evil.example/cb\"")]
    [InlineData("redirect_uri", "\"/relative\"")]
    [InlineData("return_urls", "[\"https://app.example.com/#x\"]")]
    [InlineData("return_urls", "[\"https://user@app.example.com/\"]")]
    [InlineData("client_id", "null")]
    [InlineData("scopes", "[\"two scopes\"]")]
    [InlineData("tools", "[\"slack_send\"]")]
    [InlineData("parameters", "{\"hostname\":\"x\"}")]
    public async Task A_connection_with_a_fault_is_refused_by_its_field(string field, string value)
    {
        await using var scene = await Scene.SetAsync();
        var reply = (
            await scene.Host.SendAsync(
                HttpMethod.Patch,
                "/v1/connections/acme",
                $$"""{"organization_id":"{{scene.Organization}}","{{field}}":{{value}}}"""
            )
        ).Is(400, "invalid_request");
        Assert.Contains(reply.Json["violations"]!.AsArray(), v =>
            v!["path"]!.GetValue<string>().StartsWith(field, StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task Removing_a_connection_ends_its_accounts()
    {
        await using var scene = await Scene.SetAsync();
        await Http.IdempotencyTests.ConnectAsync(scene);
        var removed = (
            await scene.Host.SendAsync(
                HttpMethod.Delete,
                $"/v1/connections/acme?organization_id={scene.Organization}",
                null
            )
        ).Is(200);
        Assert.Equal(1, removed.Json["accounts_disconnected"]!.GetValue<int>());
        Assert.Equal("DISCONNECTED", (await scene.AccountAsync())["status"]!.GetValue<string>());
        (await scene.Host.GetAsync($"/v1/connections/acme?organization_id={scene.Organization}")).Is(
            404,
            "connection_unknown"
        );
        (await scene.AskAsync()).Is(404, "connection_unknown");
    }

    private static Task<Reply> ImportAsync(GatewayHost host, string organization, object credential, bool validate) =>
        host.PostAsync(
            "/v1/connected_accounts",
            new
            {
                organization_id = organization,
                user_id = "user-1",
                connection = "keyed",
                credential,
                validate,
            }
        );
}
