using System.Globalization;
using Vault.Core.Callers;
using Vault.Core.Identity;
using Vault.Gateway.Tests.Host;

namespace Vault.Gateway.Tests.Rest.Keys;

/// <summary>No key has more, or lives longer, than its maker; a compromised key takes what it made with it.</summary>
public sealed class KeyLineageTests
{
    [Fact]
    public async Task No_key_outlives_its_maker()
    {
        await using var host = await GatewayHost.StartAsync();
        var end = host.Time.GetUtcNow().AddMinutes(5);
        var parent = await MakeAsync(host, "admin", expires: end);
        var child = await MakeAsync(host, "admin", by: parent["key"]);
        Assert.Equal(parent["expires_at"], child["expires_at"]);
        var late = await host.PostAsync("/v1/api_keys", Body("admin", end.AddSeconds(1)), parent["key"]);
        Assert.Contains("expires_at", late.Is(400, "invalid_request")["detail"], StringComparison.Ordinal);
        var successor = (
            await host.PostAsync($"/v1/api_keys/{parent["id"]}:rotate", new { overlap_seconds = 60 }, parent["key"])
        ).Is(201);
        Assert.Equal(parent["expires_at"], successor["expires_at"]);
        // Nor does it live on in the successor of a key that lives longer.
        var other = await MakeAsync(host, "admin");
        var taken = (await host.PostAsync($"/v1/api_keys/{other["id"]}:rotate", new { }, child["key"])).Is(201);
        Assert.Equal(child["expires_at"], taken["expires_at"]);
        host.Time.Advance(TimeSpan.FromMinutes(6));
        foreach (var key in new[] { parent, child, successor, taken })
            (await host.GetAsync("/v1/providers", key["key"])).Is(401);
    }

    [Fact]
    public async Task A_key_lives_at_most_as_long_as_the_option_allows_and_the_first_one_has_no_end()
    {
        await using var host = await GatewayHost.StartAsync();
        var made = await MakeAsync(host, "tools:read");
        var life = Time(made["expires_at"]) - host.Time.GetUtcNow();
        Assert.InRange(life, TimeSpan.FromDays(89), TimeSpan.FromDays(90));
        (await host.PostAsync("/v1/api_keys", Body("tools:read", host.Time.GetUtcNow().AddDays(91)))).Is(400);
        Assert.Null((await FirstAsync(host)).ExpiresAt);
    }

    [Fact]
    public async Task Nobody_revokes_or_rotates_a_key_that_may_do_more()
    {
        await using var host = await GatewayHost.StartAsync();
        var lesser = await MakeAsync(host, "keys:write");
        var first = (await FirstAsync(host)).Id;
        (await host.PostAsync($"/v1/api_keys/{first}:revoke", new { }, lesser["key"])).Is(403, "permission_denied");
        (await host.PostAsync($"/v1/api_keys/{first}:rotate", new { }, lesser["key"])).Is(403, "permission_denied");
        var limited = await MakeAsync(host, "admin", users: ["ada"]);
        (await host.PostAsync($"/v1/api_keys/{first}:revoke", new { }, limited["key"])).Is(403, "permission_denied");
        (await host.GetAsync("/v1/providers")).Is(200);
        // Itself it may always end.
        (await host.PostAsync($"/v1/api_keys/{lesser["id"]}:revoke", new { }, lesser["key"])).Is(200);
        (await host.GetAsync("/v1/api_keys", lesser["key"])).Is(401);
    }

    [Fact]
    public async Task A_compromised_key_takes_what_it_made_with_it_in_every_organization()
    {
        await using var host = await GatewayHost.StartAsync();
        var organization = await host.OrganizationAsync();
        var root = await MakeAsync(host, "admin");
        var child = await MakeAsync(host, "admin", by: root["key"]);
        var tenant = await MakeAsync(host, "admin", by: child["key"], organization: organization);
        var grandchild = await MakeAsync(host, "tools:read", by: tenant["key"]);
        var itsSuccessor = (
            await host.PostAsync($"/v1/api_keys/{child["id"]}:rotate", new { overlap_seconds = 60 }, child["key"])
        ).Is(201);
        var sibling = await MakeAsync(host, "admin");
        var done = (await host.PostAsync($"/v1/api_keys/{root["id"]}:revoke", new { reason = "compromised" })).Is(200);
        Assert.Equal(
            new[] { child["id"], tenant["id"], grandchild["id"], itsSuccessor["id"] }.Order(StringComparer.Ordinal),
            done.Json["also_revoked"]!.AsArray().Select(i => i!.GetValue<string>()).Order(StringComparer.Ordinal)
        );
        foreach (var key in new[] { root, child, tenant, grandchild, itsSuccessor })
            (await host.GetAsync("/v1/providers", key["key"])).Is(401);
        (await host.GetAsync("/v1/providers", sibling["key"])).Is(200);
        var entries = await host.Store.Ledger.ReadAsync(new OrganizationId(organization), 1, 100, default);
        Assert.Contains(entries, e => Says(e, "api_key.revoked", grandchild["id"], root["id"]));
        entries = await host.Store.Ledger.ReadAsync(OrganizationId.Platform, 1, 100, default);
        Assert.Contains(entries, e => Says(e, "api_key.revoked", child["id"], root["id"]));
    }

    [Fact]
    public async Task A_successor_that_another_key_made_survives_the_compromise_of_the_rotated_one()
    {
        await using var host = await GatewayHost.StartAsync();
        var key = await MakeAsync(host, "admin");
        var child = await MakeAsync(host, "tools:read", by: key["key"]);
        var successor = (await host.PostAsync($"/v1/api_keys/{key["id"]}:rotate", new { overlap_seconds = 60 })).Is(
            201
        );
        (await host.PostAsync($"/v1/api_keys/{key["id"]}:revoke", new { reason = "compromised" })).Is(200);
        (await host.GetAsync("/v1/providers", successor["key"])).Is(200);
        (await host.GetAsync("/v1/tools", child["key"])).Is(401);
    }

    [Fact]
    public async Task A_retired_key_leaves_what_it_made()
    {
        await using var host = await GatewayHost.StartAsync();
        var key = await MakeAsync(host, "admin");
        var child = await MakeAsync(host, "tools:read", by: key["key"]);
        var done = (await host.PostAsync($"/v1/api_keys/{key["id"]}:revoke", new { })).Is(200);
        Assert.Empty(done.Json["also_revoked"]!.AsArray());
        (await host.GetAsync("/v1/tools", child["key"])).Is(200);
    }

    [Fact]
    public async Task A_key_that_was_being_made_while_its_maker_was_revoked_is_worthless()
    {
        await using var host = await GatewayHost.StartAsync();
        var maker = await MakeAsync(host, "admin");
        // The maker is authenticated; it is revoked before its new key is stored.
        host.Store.Before = async call =>
        {
            if (call != "api_keys.insert")
                return;
            host.Store.Before = null;
            (await host.PostAsync($"/v1/api_keys/{maker["id"]}:revoke", new { reason = "compromised" })).Is(200);
        };
        (await host.PostAsync("/v1/api_keys", Body("admin", null), maker["key"])).Is(403, "permission_denied");
        var made = Assert.Single(await host.Store.ApiKeys.MadeByAsync(maker["id"], null, 10, default));
        Assert.NotNull((await host.Store.ApiKeys.FindAsync(made, default))!.RevokedAt);
    }

    [Fact]
    public async Task A_lineage_has_an_end()
    {
        await using var host = await GatewayHost.StartAsync();
        var key = host.Admin;
        for (var depth = 0; depth < new CallerOptions().DeepestLineage; depth++)
            key = (await MakeAsync(host, "admin", by: key))["key"];
        (await host.PostAsync("/v1/api_keys", Body("admin", null), key)).Is(403, "permission_denied");
    }

    internal static async Task<Reply> MakeAsync(
        GatewayHost host,
        string permission,
        string by = "",
        DateTimeOffset? expires = null,
        string? organization = null,
        string[]? users = null
    ) => (await host.PostAsync("/v1/api_keys", Body(permission, expires, organization, users), by)).Is(201);

    private static object Body(
        string permission,
        DateTimeOffset? expires,
        string? organization = null,
        string[]? users = null
    ) =>
        new
        {
            organization_id = organization,
            name = "n",
            permissions = new[] { permission },
            expires_at = expires?.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
            users,
        };

    private static async Task<ApiKeyRow> FirstAsync(GatewayHost host) =>
        (await host.Store.ApiKeys.FindAsync("key_" + new string('0', 26), default))!;

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);

    private static bool Says(Core.Ledger.LedgerEntry entry, params string[] words) =>
        System.Text.Encoding.UTF8.GetString(entry.Body!.Value.Span) is { } text
        && words.All(w => text.Contains(w, StringComparison.Ordinal));
}
