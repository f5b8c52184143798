using Vault.Core.Callers;
using Vault.Core.Identity;
using Vault.Gateway.Tests.Host;
using Vault.TestKit;

namespace Vault.Gateway.Tests.Rest.Keys;

public sealed class ApiKeyTests
{
    [Fact]
    public void A_key_has_256_bits_in_a_fixed_form()
    {
        var secrets = Enumerable.Range(0, 1000).Select(i => ApiKeyText.NewSecret(new SeededEntropy(i))).ToList();
        Assert.Equal(1000, secrets.Distinct().Count());
        Assert.All(secrets, s => Assert.Equal(43, s.Length));
        var text = ApiKeyText.Format("key_01hzzzzzzzzzzzzzzzzzzzzzzz", secrets[0]);
        Assert.True(ApiKeyText.TryParse(text, out var id, out var secret));
        Assert.Equal(("key_01hzzzzzzzzzzzzzzzzzzzzzzz", secrets[0]), (id, secret));
        Assert.Equal(new string('0', 43), ApiKeyText.NewSecret(new Constant(0)));
        Assert.False(ApiKeyText.TryParse(text + "x", out _, out _));
        Assert.False(ApiKeyText.TryParse(text.Replace("vk_live_", "vk_test_", StringComparison.Ordinal), out _, out _));
        Assert.False(ApiKeyText.TryParse(null, out _, out _));
    }

    [Fact]
    public async Task A_key_is_shown_once_and_stored_as_a_digest()
    {
        await using var host = await GatewayHost.StartAsync();
        var issued = (
            await host.PostAsync(
                "/v1/api_keys",
                new { name = "n", permissions = new[] { "tools:read", "tools:execute" } }
            )
        ).Is(201);
        var read = (await host.GetAsync("/v1/api_keys/" + issued["id"])).Is(200);
        Assert.DoesNotContain(issued["key"][^20..], read.Text, StringComparison.Ordinal);
        Assert.EndsWith(read["suffix"][1..], issued["key"], StringComparison.Ordinal);
        var row = await host.Store.ApiKeys.FindAsync(issued["id"], default);
        Assert.DoesNotContain(issued["key"][^43..], row!.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(issued["key"], (await host.GetAsync("/v1/api_keys")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_hands_out_more_than_they_have()
    {
        await using var host = await GatewayHost.StartAsync();
        var organization = await host.OrganizationAsync();
        var tenant = await host.KeyAsync(organization, Permission.KeysWrite, Permission.ToolsRead);
        (await host.PostAsync("/v1/api_keys", new { name = "n", permissions = new[] { "admin" } }, tenant)).Is(
            403,
            "permission_denied"
        );
        (await host.PostAsync("/v1/api_keys", new { name = "n", permissions = new[] { "credentials:read" } })).Is(
            403,
            "permission_denied"
        );
        (await host.PostAsync("/v1/api_keys", new { name = "n", permissions = Array.Empty<string>() })).Is(
            400,
            "invalid_request"
        );
        (await host.PostAsync("/v1/api_keys", new { name = "n", permissions = new[] { "everything" } })).Is(
            400,
            "invalid_request"
        );
        var made = (
            await host.PostAsync("/v1/api_keys", new { name = "n", permissions = new[] { "tools:read" } }, tenant)
        ).Is(201);
        Assert.Equal(organization, made["organization_id"]);
        var platform = (
            await host.PostAsync("/v1/api_keys", new { name = "p", permissions = new[] { "tools:read" } })
        ).Is(201);
        (await host.GetAsync("/v1/api_keys/" + platform["id"], tenant)).Is(404, "not_found");
        (await host.PostAsync($"/v1/api_keys/{platform["id"]}:revoke", new { }, tenant)).Is(404, "not_found");
    }

    [Fact]
    public async Task A_rotated_key_overlaps_with_its_successor_and_then_ends()
    {
        await using var host = await GatewayHost.StartAsync();
        var old = (
            await host.PostAsync("/v1/api_keys", new { name = "n", permissions = new[] { "providers:read" } })
        ).Is(201);
        var next = (await host.PostAsync($"/v1/api_keys/{old["id"]}:rotate", new { overlap_seconds = 60 })).Is(201);
        (await host.GetAsync("/v1/providers", old["key"])).Is(200);
        (await host.GetAsync("/v1/providers", next["key"])).Is(200);
        host.Time.Advance(TimeSpan.FromSeconds(61));
        (await host.GetAsync("/v1/providers", old["key"])).Is(401);
        (await host.GetAsync("/v1/providers", next["key"])).Is(200);
        (await host.PostAsync($"/v1/api_keys/{old["id"]}:rotate", new { })).Is(409, "conflict");
    }

    [Fact]
    public async Task Revoked_and_expired_keys_are_nobody()
    {
        await using var host = await GatewayHost.StartAsync();
        var organization = await host.OrganizationAsync();
        var key = (
            await host.PostAsync(
                "/v1/api_keys",
                new
                {
                    organization_id = organization,
                    name = "n",
                    permissions = new[] { "providers:read" },
                }
            )
        ).Is(201);
        (await host.GetAsync("/v1/providers", key["key"])).Is(200);
        (await host.PostAsync($"/v1/api_keys/{key["id"]}:revoke", new { organization_id = organization })).Is(200);
        (await host.GetAsync("/v1/providers", key["key"])).Is(401);
        var ledger = (await host.GetAsync($"/v1/ledger?organization_id={organization}")).Is(200).Text;
        Assert.Contains("api_key.created", ledger, StringComparison.Ordinal);
        Assert.Contains("api_key.revoked", ledger, StringComparison.Ordinal);

        var shortLived = (
            await host.PostAsync(
                "/v1/api_keys",
                new
                {
                    name = "n",
                    permissions = new[] { "providers:read" },
                    expires_at = host.Time.GetUtcNow().AddMinutes(1).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'"),
                }
            )
        ).Is(201);
        (await host.GetAsync("/v1/providers", shortLived["key"])).Is(200);
        host.Time.Advance(TimeSpan.FromMinutes(2));
        (await host.GetAsync("/v1/providers", shortLived["key"])).Is(401);
        (
            await host.PostAsync(
                "/v1/api_keys",
                new
                {
                    name = "n",
                    permissions = new[] { "providers:read" },
                    expires_at = "2020-01-01T00:00:00Z",
                }
            )
        ).Is(400);
        (
            await host.PostAsync(
                "/v1/api_keys",
                new
                {
                    name = "n",
                    permissions = new[] { "providers:read" },
                    expires_at = "2030-01-01T00:00:00",
                }
            )
        ).Is(400);
    }

    [Fact]
    public async Task A_copy_of_a_key_is_trusted_for_the_freshness_lease_and_no_longer()
    {
        await using var host = await GatewayHost.StartAsync();
        var reads = 0;
        host.Store.Before = call =>
        {
            if (
                call.StartsWith("api_keys.find", StringComparison.Ordinal)
                || call.StartsWith("keys.find", StringComparison.Ordinal)
            )
                reads++;
            return Task.CompletedTask;
        };
        var verifier = new ApiKeyVerifier(
            host.Store.ApiKeys,
            host.Get<KeyUses>(),
            host.Time,
            new CallerOptions { Freshness = TimeSpan.FromSeconds(30) }
        );
        for (var i = 0; i < 5; i++)
            Assert.NotNull(await verifier.VerifyAsync(host.Admin, default));
        Assert.Equal(1, reads);
        host.Time.Advance(TimeSpan.FromSeconds(30));
        Assert.NotNull(await verifier.VerifyAsync(host.Admin, default));
        Assert.Equal(2, reads);
        Assert.Null(await verifier.VerifyAsync(host.Admin[..^1] + (host.Admin[^1] == 'x' ? 'y' : 'x'), default));
    }

    [Fact]
    public async Task The_last_use_is_written_in_batches()
    {
        await using var host = await GatewayHost.StartAsync();
        var key = (
            await host.PostAsync("/v1/api_keys", new { name = "n", permissions = new[] { "providers:read" } })
        ).Is(201);
        for (var i = 0; i < 3; i++)
            (await host.GetAsync("/v1/providers", key["key"])).Is(200);
        Assert.Null((await host.Store.ApiKeys.FindAsync(key["id"], default))!.LastUsedAt);
        Assert.Equal(2, await host.Get<KeyUses>().FlushAsync(default));
        Assert.NotNull((await host.Store.ApiKeys.FindAsync(key["id"], default))!.LastUsedAt);
        Assert.Equal(0, await host.Get<KeyUses>().FlushAsync(default));
    }

    private sealed class Constant(byte value) : IEntropy
    {
        public void Fill(Span<byte> destination) => destination.Fill(value);
    }
}
