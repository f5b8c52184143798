using Vault.Core.Callers;
using Vault.Gateway.Http;
using Vault.Gateway.Tests.Host;

namespace Vault.Gateway.Tests.Http;

/// <summary>Every route there is, against every way not to be allowed.</summary>
public sealed class AuthMatrixTests
{
    [Fact]
    public async Task Every_route_with_a_permission_refuses_whoever_lacks_it()
    {
        await using var host = await GatewayHost.StartAsync();
        var (mine, other) = (await host.OrganizationAsync(), await host.OrganizationAsync());
        var all = Permission.All.Where(p => p is not (Permission.Admin or Permission.CredentialsRead)).ToArray();
        var bound = await host.KeyAsync(mine, all);
        var routes = host.Operations.Where(o => o.Permission is not null).ToList();
        Assert.True(routes.Count > 40);
        foreach (var operation in routes)
        {
            var anonymous = (await SendAsync(host, operation, null, other)).Is(401, "unauthenticated");
            Assert.Equal("Bearer", anonymous.Header("WWW-Authenticate"));
            var forged = (await SendAsync(host, operation, bound[..^1] + (bound[^1] == 'A' ? 'B' : 'A'), other)).Is(
                401,
                "unauthenticated"
            );
            Assert.Contains("invalid_token", forged.Header("WWW-Authenticate"), StringComparison.Ordinal);
            (await SendAsync(host, operation, "not a key", other)).Is(401, "unauthenticated");

            var without = await host.KeyAsync(mine, [.. all.Where(p => p != operation.Permission)]);
            var refused = (await SendAsync(host, operation, without, mine)).Is(403, "permission_denied");
            Assert.Contains(operation.Permission!, refused["detail"], StringComparison.Ordinal);

            // A foreign organization, and one that does not exist, are the same to a key that is bound elsewhere.
            if (operation.Scope == Scope.None)
                continue;
            if (operation.Scope == Scope.Platform)
            {
                (await SendAsync(host, operation, bound, other)).Is(403, "permission_denied");
                continue;
            }

            var foreign = (await SendAsync(host, operation, bound, other)).Is(404, "organization_unknown");
            var nobody = (await SendAsync(host, operation, bound, "org_01hzzzzzzzzzzzzzzzzzzzzzzz")).Is(
                404,
                "organization_unknown"
            );
            Assert.Equal(foreign["detail"], nobody["detail"]);
        }
    }

    [Fact]
    public async Task Keys_in_a_query_and_odd_headers_are_not_looked_at()
    {
        await using var host = await GatewayHost.StartAsync();
        (await host.GetAsync("/v1/organizations?access_token=" + host.Admin, null)).Is(401);
        (await host.GetAsync("/v1/organizations?access_token=" + host.Admin)).Is(400, "invalid_request");
        (await host.GetAsync("/v1/organizations", null, ("Authorization", "bearer " + host.Admin))).Is(200);
        (await host.GetAsync("/v1/organizations", null, ("Authorization", "Basic " + host.Admin))).Is(401);
        (await host.GetAsync("/v1/organizations", null, ("Authorization", "Bearer " + new string('a', 5000)))).Is(401);
        (await host.GetAsync("/v1/organizations", null, ("X-Api-Key", host.Admin))).Is(401);
    }

    [Fact]
    public async Task A_platform_key_must_name_the_organization_and_a_bound_key_need_not()
    {
        await using var host = await GatewayHost.StartAsync();
        var organization = await host.OrganizationAsync();
        var missing = (await host.GetAsync("/v1/connections")).Is(400, "invalid_request");
        Assert.Equal("organization_id", missing.Json["violations"]![0]!["path"]!.GetValue<string>());
        (await host.GetAsync("/v1/connections?organization_id=org_01hzzzzzzzzzzzzzzzzzzzzzzz")).Is(
            404,
            "organization_unknown"
        );
        (await host.GetAsync("/v1/connections", await host.KeyAsync(organization, Permission.ConnectionsRead))).Is(200);
    }

    [Fact]
    public async Task A_tenant_cannot_undo_what_the_operator_did()
    {
        await using var host = await GatewayHost.StartAsync();
        var organization = await host.OrganizationAsync();
        var tenant = await host.KeyAsync(organization, Permission.OrganizationsWrite, Permission.OrganizationsRead);
        (await host.PostAsync($"/v1/organizations/{organization}:suspend", new { })).Is(200);
        (await host.PostAsync($"/v1/organizations/{organization}:resume", new { }, tenant)).Is(
            403,
            "permission_denied"
        );
        (await host.PostAsync($"/v1/organizations/{organization}:erase", new { }, tenant)).Is(403, "permission_denied");
        (await host.SendAsync(HttpMethod.Delete, $"/v1/organizations/{organization}", null, tenant)).Is(
            403,
            "permission_denied"
        );
        Assert.Equal("suspended", (await host.GetAsync($"/v1/organizations/{organization}", tenant)).Is(200)["status"]);
    }

    [Fact]
    public async Task Too_many_requests_are_told_when_to_come_back()
    {
        await using var host = await GatewayHost.StartAsync(
            new GatewayOptions
            {
                Development = true,
                RequestsPerSecond = 1,
                RequestBurst = 3,
                AnonymousPerSecond = 1,
            }
        );
        var replies = new List<Reply>();
        for (var i = 0; i < 5; i++)
            replies.Add(await host.GetAsync("/v1/providers"));
        var limited = replies.First(r => (int)r.Status == 429).Is(429, "rate_limited");
        Assert.NotNull(limited.Header("Retry-After"));
        Assert.True(limited.Json["retry_after_ms"]!.GetValue<long>() > 0);
        for (var i = 0; i < 10; i++)
            replies.Add(await host.GetAsync("/v1/providers", "vk_live_wrong"));
        replies[^1].Is(429, "rate_limited");
    }

    private static Task<Reply> SendAsync(GatewayHost host, Operation operation, string? key, string organization)
    {
        var path = operation.Path.Replace("{organization_id}", organization, StringComparison.Ordinal);
        while (path.Contains('{', StringComparison.Ordinal))
            path =
                path[..path.IndexOf('{', StringComparison.Ordinal)]
                + "x"
                + path[(path.IndexOf('}', StringComparison.Ordinal) + 1)..];
        if (operation.Path.Contains("{organization_id}", StringComparison.Ordinal))
            return host.SendAsync(new HttpMethod(operation.Method), path, operation.Body is null ? null : "{}", key);
        if (operation.Exchanges)
            return host.SendAsync(
                new HttpMethod(operation.Method),
                path,
                null,
                key,
                ("Vault-Organization", organization),
                ("Vault-User", "ada")
            );
        var asQuery = operation.Body is null || operation.RawBody;
        if (asQuery && operation.Query.Any(f => f.Name == "organization_id"))
            path += (operation.Query.Any(f => f.Required) ? "?q=x&" : "?") + "organization_id=" + organization;
        return host.SendAsync(
            new HttpMethod(operation.Method),
            path,
            asQuery ? null : Filled(operation, organization),
            key
        );
    }

    // Valid as far as the shape goes, so that what refuses is the authorization.
    private static Dictionary<string, object> Filled(Operation operation, string organization)
    {
        var body = new Dictionary<string, object>();
        foreach (var field in operation.Body!.Where(f => f.Required))
            body[field.Name] = field.Kind switch
            {
                FieldKind.TextList => new[] { "x" },
                FieldKind.Credential => new { type = "api_key" },
                FieldKind.Object => new { },
                FieldKind.Integer => 1,
                _ => "x",
            };
        if (operation.Body!.Any(f => f.Name == "organization_id"))
            body["organization_id"] = organization;
        return body;
    }
}
