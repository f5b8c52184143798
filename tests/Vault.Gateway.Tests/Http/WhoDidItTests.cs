using System.Text.Json;
using Vault.Core.Identity;
using Vault.Core.Ledger;
using Vault.Gateway.Tests.Connect;
using Vault.Gateway.Tests.Host;

namespace Vault.Gateway.Tests.Http;

/// <summary>
/// Every route that changes something is called by a key of its own, and that key is named as who did it: in the
/// organization's ledger, or, for the platform, in the log.
/// </summary>
public sealed class WhoDidItTests
{
    [Fact]
    public async Task Every_change_names_who_made_it()
    {
        await using var host = await GatewayHost.StartAsync();
        var seen = new HashSet<string>();
        var made = await DoAsync(
            "createOrganization",
            null,
            HttpMethod.Post,
            "/v1/organizations",
            new { display_name = "One" },
            201,
            "id"
        );
        var org = made["id"];
        object Body() => new { organization_id = org };
        var connections = "/v1/connections";
        await DoAsync(
            "createConnection",
            org,
            HttpMethod.Post,
            connections,
            new
            {
                organization_id = org,
                provider = "acme",
                client_id = "c",
                scopes = new[] { "items:read", "items:write" },
                allow_proxy = true,
            },
            201
        );
        await DoAsync(
            "changeConnection",
            org,
            HttpMethod.Patch,
            connections + "/acme",
            new { organization_id = org, app_name = "App" }
        );
        await DoAsync(
            "createScopeBundle",
            org,
            HttpMethod.Post,
            connections + "/acme/scope_bundles",
            new { organization_id = org, scopes = new[] { "items:read", "items:write", "more" } },
            201
        );
        await DoAsync(
            "stageScopeBundle",
            org,
            HttpMethod.Post,
            connections + "/acme/scope_bundles/2:stage",
            new { organization_id = org, percent = 10 }
        );
        await DoAsync(
            "activateScopeBundle",
            org,
            HttpMethod.Post,
            connections + "/acme/scope_bundles/2:activate",
            Body()
        );
        var link = await DoAsync(
            "createLink",
            org,
            HttpMethod.Post,
            "/v1/connected_accounts:link",
            new
            {
                organization_id = org,
                user_id = "user-1",
                connection = "acme",
            },
            201
        );
        var visitor = new Visitor(host);
        await visitor.OpenAsync(link["link"]);
        (await visitor.ReturnAsync()).Is(200);
        var account = "/v1/connected_accounts/" + link["connected_account_id"];
        await DoAsync("refreshConnectedAccount", org, HttpMethod.Post, account + ":refresh", Body());
        await DoAsync("reconnectConnectedAccount", org, HttpMethod.Post, account + ":reconnect", Body(), 201);
        object Execute(string tool) =>
            new
            {
                organization_id = org,
                user_id = "user-1",
                tool_name = tool,
                tool_input = new { id = "1" },
            };
        await DoAsync("executeTool", org, HttpMethod.Post, "/v1/execute_tool", Execute("acme_get_item"));
        await DoAsync(
            "proxyCall",
            org,
            HttpMethod.Post,
            "/v1/proxy/acme/items",
            new { organization_id = org, user_id = "user-1" }
        );
        var decided = new { organization_id = org, decided_by = "boss" };
        var agent = await host.KeyAsync(org, "tools:execute");
        foreach (var word in new[] { "approve", "deny" })
        {
            var asked = (await host.PostAsync("/v1/execute_tool", Execute("acme_delete_item"), agent)).Is(
                403,
                "approval_required"
            );
            await DoAsync(word, org, HttpMethod.Post, $"/v1/approvals/{asked["status_reason"]}:{word}", decided);
        }

        await DoAsync("revokeConnectedAccount", org, HttpMethod.Post, account + ":revoke", Body());
        await host.ConnectionAsync(org, "keyed");
        var own = await DoAsync(
            "importConnectedAccount",
            org,
            HttpMethod.Post,
            "/v1/connected_accounts",
            new
            {
                organization_id = org,
                user_id = "u",
                connection = "keyed",
                credential = new { type = "api_key", api_key = "sk_a" },
            },
            201
        );
        await DoAsync(
            "rotateCredential",
            org,
            HttpMethod.Post,
            $"/v1/connected_accounts/{own["id"]}:rotate_credential",
            new { organization_id = org, credential = new { type = "api_key", api_key = "sk_b" } }
        );
        await DoAsync(
            "deleteConnectedAccount",
            org,
            HttpMethod.Delete,
            $"/v1/connected_accounts/{own["id"]}?organization_id={org}",
            null
        );
        var key = await DoAsync(
            "createApiKey",
            org,
            HttpMethod.Post,
            "/v1/api_keys",
            new
            {
                organization_id = org,
                name = "n",
                permissions = new[] { "tools:read" },
            },
            201
        );
        var next = await DoAsync(
            "rotateApiKey",
            org,
            HttpMethod.Post,
            $"/v1/api_keys/{key["id"]}:rotate",
            new { organization_id = org, overlap_seconds = 60 },
            201
        );
        await EntryAsync(org, e =>
            Text(e, "type") == "api_key.rotated"
            && e.GetProperty("details").GetProperty("key_id").GetString() == key["id"]
            && e.GetProperty("details").GetProperty("successor").GetString() == next["id"]
        );
        await DoAsync("revokeApiKey", org, HttpMethod.Post, $"/v1/api_keys/{key["id"]}:revoke", Body());
        var path = "/v1/organizations/" + org;
        await DoAsync("changeOrganization", org, HttpMethod.Patch, path, new { display_name = "Two" });
        await DoAsync("rotateOrganizationKey", org, HttpMethod.Post, path + ":rotate_key", new { });
        await DoAsync("suspendOrganization", org, HttpMethod.Post, path + ":suspend", new { });
        await DoAsync("resumeOrganization", org, HttpMethod.Post, path + ":resume", new { });
        await DoAsync("deleteConnection", org, HttpMethod.Delete, $"{connections}/keyed?organization_id={org}", null);
        await DoAsync("eraseOrganization", org, HttpMethod.Post, path + ":erase", new { });
        var second = await host.OrganizationAsync();
        await DoAsync("deleteOrganization", second, HttpMethod.Delete, "/v1/organizations/" + second, null);

        // Of the platform: the log says who, in addition to the platform's ledger.
        await LoggedAsync("putProvider", HttpMethod.Post, "/v1/providers", "{\"id\":\"acme\"}", 201, "acme");
        var platform = await LoggedAsync(
            "createApiKey",
            HttpMethod.Post,
            "/v1/api_keys",
            new { name = "n", permissions = new[] { "tools:read" } },
            201
        );
        var successor = await LoggedAsync(
            "rotateApiKey",
            HttpMethod.Post,
            $"/v1/api_keys/{platform["id"]}:rotate",
            new { },
            201,
            platform["id"]
        );
        await LoggedAsync(
            "revokeApiKey",
            HttpMethod.Post,
            $"/v1/api_keys/{successor["id"]}:revoke",
            new { },
            200,
            successor["id"]
        );
        await LoggedAsync(
            "deleteToolSet",
            HttpMethod.Delete,
            "/v1/tool_sets/acme+none?force=true",
            null,
            404,
            "acme+none"
        );
        await LoggedAsync(
            "acceptOrigins",
            HttpMethod.Post,
            "/v1/providers/acme:accept_origins",
            new { change = new string('0', 64) },
            404,
            "acme"
        );
        Assert.DoesNotContain(host.Logs.Lines, l =>
            l.Contains(platform["key"], StringComparison.Ordinal)
            || l.Contains(successor["key"], StringComparison.Ordinal)
        );

        Assert.Empty(host.Operations.Where(o => o.Writes).Select(o => o.Id).Except(seen));

        async Task<Reply> DoAsync(
            string operation,
            string? organization,
            HttpMethod method,
            string path,
            object? body,
            int status = 200,
            string? organizationIn = null
        )
        {
            var by = (
                await host.PostAsync("/v1/api_keys", new { name = operation, permissions = new[] { "admin" } })
            ).Is(201);
            var reply = (await host.SendAsync(method, path, body, by["key"])).Is(status);
            seen.Add(operation);
            await EntryAsync(organizationIn is null ? organization! : reply[organizationIn], e =>
                Text(e, "caller") == by["id"]
            );
            return reply;
        }

        async Task EntryAsync(string organization, Func<JsonElement, bool> wanted)
        {
            await host.Get<LedgerWriter>().DrainOutboxAsync(default);
            var entries = await host.Store.Ledger.ReadAsync(new OrganizationId(organization), 1, 1000, default);
            Assert.Contains(entries, e => e.Body is { } bytes && wanted(JsonDocument.Parse(bytes).RootElement));
        }

        async Task<Reply> LoggedAsync(
            string operation,
            HttpMethod method,
            string path,
            object? body,
            int status,
            string about = ""
        )
        {
            var by = (
                await host.PostAsync("/v1/api_keys", new { name = operation, permissions = new[] { "admin" } })
            ).Is(201);
            var reply = (await host.SendAsync(method, path, body, by["key"])).Is(status);
            seen.Add(operation);
            Assert.Contains(host.Logs.Lines, l =>
                l.Contains(by["id"], StringComparison.Ordinal) && l.Contains(operation, StringComparison.Ordinal)
            );
            Assert.Contains(host.Logs.Lines, l =>
                l.Contains(by["id"], StringComparison.Ordinal) && l.Contains(about, StringComparison.Ordinal)
            );
            return reply;
        }

        static string? Text(JsonElement entry, string name) =>
            entry.TryGetProperty(name, out var value) ? value.GetString() : null;
    }

    /// <summary>
    /// What was erased is not filled again: a new name would be the one datum of a tenant that asked to be forgotten.
    /// </summary>
    [Fact]
    public async Task An_erased_organization_is_not_changed()
    {
        await using var host = await GatewayHost.StartAsync();
        var organization = await host.OrganizationAsync("Before");
        (await host.PostAsync($"/v1/organizations/{organization}:erase", new { })).Is(200);
        (
            await host.SendAsync(HttpMethod.Patch, "/v1/organizations/" + organization, new { display_name = "After" })
        ).Is(409, "conflict");
        Assert.Equal("Before", (await host.GetAsync("/v1/organizations/" + organization)).Is(200)["display_name"]);
    }
}
