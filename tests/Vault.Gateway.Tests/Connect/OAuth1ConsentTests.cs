using System.Collections.Immutable;
using System.Text;
using Vault.Core.Accounts;
using Vault.Core.Errors;
using Vault.Core.Execution;
using Vault.Core.OAuth;
using Vault.Core.Packs;
using Vault.Core.Sealing;
using Vault.Core.Templates;
using Vault.Gateway.Tests.Host;

namespace Vault.Gateway.Tests.Connect;

/// <summary>
/// Consent by RFC 5849 through the same pages: what is kept, what comes back, and what the account has in the end.
/// </summary>
public sealed class OAuth1ConsentTests
{
    [Fact]
    public async Task The_account_has_a_credential_that_signs_and_consent_heals_it()
    {
        await using var scene = await SetAsync();
        var (host, visitor) = (scene.Host, new Visitor(scene.Host));
        (await visitor.OpenAsync(await LinkAsync(scene))).Is(303);
        (await visitor.CallbackAsync($"code=stolen&state={visitor.State}")).Is(400);

        (await visitor.OpenAsync(await LinkAsync(scene))).Is(303);
        host.Provider.Replies.Enqueue(Granted(host));
        (await visitor.CallbackAsync($"oauth_token=tmp-token&oauth_verifier=ver-1&state={visitor.State}")).Is(200);
        Assert.Equal("tmp-token\nver-1", Assert.Single(host.Provider.Codes));
        Assert.Equal("tmp-token\ntmp-secret", Assert.Single(host.Provider.Verifiers));

        var account = await scene.AccountAsync();
        Assert.Equal("ACTIVE", (string)account["status"]!);
        var row = (
            await host.Get<IAccountStore>().FindAsync(new(scene.Organization), new((string)account["id"]!), default)
        )!.Row;
        Assert.Null(row.Grant);
        using var own = (await host.Get<GrantSealing>().OpenCredentialAsync(row, default)).Value!;
        // The client's secret stays the connection's.
        Assert.Equal(
            ["consumer_key=client-1", "token=access-token-1", "token_secret=token-secret-1"],
            own.Fields.Select(f => f.Key + "=" + Encoding.UTF8.GetString(f.Value.Reveal()))
        );
        // Its healing is another consent, as for any account that was consented to.
        (
            await host.PostAsync(
                $"/v1/connected_accounts/{(string)account["id"]!}:reconnect",
                new { organization_id = scene.Organization }
            )
        ).Is(201);
    }

    [Fact]
    public async Task A_new_client_secret_reaches_an_account_that_is_there_already()
    {
        await using var scene = await SetAsync();
        var (host, visitor) = (scene.Host, new Visitor(scene.Host));
        (await visitor.OpenAsync(await LinkAsync(scene))).Is(303);
        host.Provider.Replies.Enqueue(Granted(host));
        (await visitor.CallbackAsync($"oauth_token=tmp-token&oauth_verifier=ver-1&state={visitor.State}")).Is(200);
        var signed = new List<string>();
        host.Upstream.Answer = call =>
        {
            signed.Add(call.Consumer!.Value.Key + " " + Encoding.UTF8.GetString(call.Consumer.Value.Secret.Reveal()));
            return Task.FromResult(new UpstreamReply(UpstreamOutcome.Succeeded, 200));
        };
        var execute = new
        {
            tool_name = "older_get_item",
            organization_id = scene.Organization,
            user_id = "user-1",
            tool_input = new { id = "1" },
        };
        (await host.PostAsync("/v1/execute_tool", execute)).Is(200);
        (
            await host.SendAsync(
                HttpMethod.Patch,
                "/v1/connections/older",
                new { organization_id = scene.Organization, client_secret = "client-secret-2" }
            )
        ).Is(200);
        ((MovableTime)host.Get<TimeProvider>()).Advance(TimeSpan.FromSeconds(2));
        (await host.PostAsync("/v1/execute_tool", execute)).Is(200);
        Assert.Equal(["client-1 client-secret-1", "client-1 client-secret-2"], signed);
    }

    [Theory]
    [InlineData("denied=tmp-token", 424, "declined")]
    [InlineData("oauth_problem=user_refused&oauth_token=tmp-token", 424, "declined")]
    [InlineData("oauth_problem=permission_denied", 424, "declined")]
    [InlineData("oauth_problem=consumer_key_rejected", 422, "refused")]
    public async Task A_refusal_is_told_as_one(string query, int status, string word)
    {
        await using var scene = await SetAsync();
        var visitor = new Visitor(scene.Host);
        (await visitor.OpenAsync(await LinkAsync(scene))).Is(303);
        var reply = (await visitor.CallbackAsync($"{query}&state={visitor.State}")).Is(status);
        Assert.Contains(word, reply.Text, StringComparison.Ordinal);
        Assert.Empty(scene.Host.Provider.Codes);
    }

    [Fact]
    public async Task A_provider_that_gives_no_temporary_credentials_leaves_the_link_as_it_was()
    {
        await using var scene = await SetAsync();
        var (host, visitor) = (scene.Host, new Visitor(scene.Host));
        var start = host.Provider.Starting;
        host.Provider.Starting = _ => new ConsentStart.Refused(
            new VaultError(ErrorCatalogue.UpstreamUnavailable, "Later.")
        );
        var link = await LinkAsync(scene);
        (await visitor.OpenAsync(link)).Is(503);
        host.Provider.Starting = start;
        (await visitor.OpenAsync(link)).Is(303);
    }

    private static async Task<Scene> SetAsync()
    {
        var scene = await Scene.SetAsync();
        var older = scene.Host.Get<FakePacks>().All.Single(p => p.Id == "acme");
        scene
            .Host.Get<FakePacks>()
            .Add(
                older with
                {
                    Id = "older",
                    AuthModes = [AuthMode.ApiKey],
                    Refresh = new RefreshPolicy { Rotation = Rotation.Mints },
                    Tools = [older.Tools[0] with { Name = "older_get_item", Scopes = ScopeRequirement.None }],
                    Details = older.Details with
                    {
                        OAuth1 = new OAuth1Shape(
                            UrlTemplate.Parse("https://api.acme.example/a"),
                            UrlTemplate.Parse("https://api.acme.example/b"),
                            UrlTemplate.Parse("https://api.acme.example/c"),
                            "HMAC-SHA1",
                            ImmutableSortedDictionary<string, string>.Empty,
                            null,
                            ","
                        ),
                    },
                }
            );
        scene.Host.Provider.Issuer = null;
        scene.Host.Provider.IssuerRequired = false;
        scene.Host.Provider.Starting = state => new ConsentStart.Ready(
            new Uri("https://api.acme.example/b?oauth_token=tmp-token&state=" + state),
            Secret.From("tmp-token\ntmp-secret")
        );
        (
            await scene.Host.PostAsync(
                "/v1/connections",
                new
                {
                    organization_id = scene.Organization,
                    provider = "older",
                    client_id = "client-1",
                    client_secret = "client-secret-1",
                }
            )
        ).Is(201);
        return scene;
    }

    private static async Task<string> LinkAsync(Scene scene) =>
        (
            await scene.Host.PostAsync(
                "/v1/connected_accounts:link",
                new
                {
                    organization_id = scene.Organization,
                    user_id = "user-1",
                    connection = "older",
                }
            )
        ).Is(201)["link"];

    private static TokenReply.Granted Granted(GatewayHost host) =>
        new(
            new TokenSet(
                new GrantTokens
                {
                    AccessToken = Secret.From("access-token-1"),
                    RefreshToken = Secret.From("token-secret-1"),
                    TokenType = OAuth1Shape.TokenType,
                },
                host.Time.GetUtcNow(),
                null,
                null,
                null,
                ImmutableSortedDictionary<string, string>.Empty,
                null
            )
        );
}
