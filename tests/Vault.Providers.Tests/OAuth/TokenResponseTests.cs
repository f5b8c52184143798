using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Vault.Core.Connections;
using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Packs;
using Vault.Providers.Classification;
using Vault.Providers.Egress;
using Vault.Providers.OAuth;
using Vault.Providers.Packs;
using Vault.Providers.Tests.Peers;
using Vault.TestKit;

namespace Vault.Providers.Tests.OAuth;

/// <summary>Where each provider keeps what in a token answer.</summary>
public sealed class TokenResponseTests
{
    private static readonly DateTimeOffset Sent = DateTimeOffset.FromUnixTimeSeconds(1_900_000_000);

    [Fact]
    public void Slack_keeps_bot_and_user_tokens_apart()
    {
        const string Both = """
            {"ok":true,"access_token":"xoxb-bot","token_type":"bot","scope":"chat:write,users:read","bot_user_id":"U0BOT","expires_in":43200,"refresh_token":"xoxe-1-bot",
             "team":{"id":"T1","name":"Acme"},"authed_user":{"id":"U1","scope":"search:read","access_token":"xoxp-user","token_type":"user","refresh_token":"xoxe-1-user","expires_in":43200}}
            """;
        var bot = Granted("slack", Both);
        Assert.Equal(
            ("xoxb-bot", "xoxe-1-bot", "chat:write users:read"),
            (
                bot.Secrets.AccessToken.RevealText(),
                bot.Secrets.RefreshToken!.RevealText(),
                string.Join(' ', bot.Scopes!.Value)
            )
        );
        Assert.Equal(new ProviderIdentity("U0BOT", "Acme", null, "T1"), bot.Identity);
        Assert.Equal(Sent.AddSeconds(43200), bot.AccessExpiresAt);

        var user = Granted("slack_user", Both);
        Assert.Equal(
            ("xoxp-user", "xoxe-1-user", "search:read", "U1"),
            (
                user.Secrets.AccessToken.RevealText(),
                user.Secrets.RefreshToken!.RevealText(),
                string.Join(' ', user.Scopes!.Value),
                user.Identity!.Subject
            )
        );

        var refreshed = Granted(
            "slack_user",
            """{"ok":true,"access_token":"xoxp-2","token_type":"user","refresh_token":"xoxe-2","expires_in":43200,"scope":"search:read"}"""
        );
        Assert.Equal("xoxp-2", refreshed.Secrets.AccessToken.RevealText());

        var unrotated = Granted(
            "slack",
            """{"ok":true,"access_token":"xoxb","token_type":"bot","scope":"chat:write"}"""
        );
        Assert.Null(unrotated.Secrets.RefreshToken);
        Assert.Null(unrotated.AccessExpiresAt);
    }

    [Fact]
    public void Git_hub_permissions_become_scopes_and_the_time_is_read()
    {
        var tokens = Granted(
            "github_app",
            """{"token":"ghs_1","expires_at":"2030-03-17T18:46:40Z","permissions":{"issues":"write","metadata":"read"}}"""
        );
        Assert.Equal(["issues:write", "metadata:read"], tokens.Scopes!.Value.Order());
        Assert.Equal(Sent.AddHours(1), tokens.AccessExpiresAt);
    }

    [Theory]
    [InlineData("""{"sub":"1","email":"ada@example.com","email_verified":true}""", "ada@example.com")]
    [InlineData("""{"sub":"1","email":"ada@example.com","email_verified":"true"}""", "ada@example.com")]
    [InlineData("""{"sub":"1","email":"ada@example.com","email_verified":false}""", null)]
    [InlineData("""{"sub":"1","email":"ada@example.com"}""", null)]
    public void An_address_that_the_provider_has_not_verified_names_nobody(string userinfo, string? email)
    {
        var map = LoadedPacks.All.All.Single(p => p.Id == "google").Details.Identity!.Identity!;
        Assert.Equal(email, TokenResponseReader.Identity(map, JsonDocument.Parse(userinfo).RootElement)!.Email);
    }

    [Theory]
    [InlineData("https://acme.my.salesforce.com", true)]
    [InlineData("https://evil.example.net", false)]
    [InlineData("https://acme.my.salesforce.com.evil.net", false)]
    [InlineData("https://acme.my.salesforce.com@evil.net", false)]
    [InlineData("http://acme.my.salesforce.com", false)]
    [InlineData("https://acme.my.salesforce.com/path", false)]
    [InlineData("https://169.254.169.254", false)]
    [InlineData("https://2852039166", false)]
    [InlineData("https://0xA9FEA9FE", false)]
    [InlineData("https://025177524776", false)]
    [InlineData("https://[::ffff:169.254.169.254]", false)]
    [InlineData("https://localhost", false)]
    [InlineData("//acme.my.salesforce.com", false)]
    public void The_salesforce_host_is_checked_before_it_is_kept(string instance, bool kept)
    {
        var answer = JsonSerializer.Serialize(
            new Dictionary<string, string>
            {
                ["access_token"] = "a",
                ["instance_url"] = instance,
                ["token_type"] = "Bearer",
            }
        );
        var first = Read("salesforce", answer, mustCapture: true);
        if (kept)
            Assert.Equal(instance, Assert.IsType<TokenReply.Granted>(first).Tokens.Parameters["instance_url"]);
        else
            Assert.Equal("captured_instance_url_refused", Assert.IsType<TokenReply.ClientRefused>(first).Failure);
        // A refresh that was acted on is never thrown away for this: the value kept earlier stays.
        var later = Assert.IsType<TokenReply.Granted>(Read("salesforce", answer, mustCapture: false));
        Assert.Equal(kept, later.Tokens.Parameters.ContainsKey("instance_url"));
        Assert.Null(later.Tokens.AccessExpiresAt);
    }

    [Theory]
    [InlineData("0", null)]
    [InlineData("-5", null)]
    [InlineData("\"3600\"", 3600.0)]
    [InlineData("3600.9", 3600.9)]
    [InlineData("1e300", null)]
    [InlineData("\"soon\"", null)]
    [InlineData("null", null)]
    public void An_odd_lifetime_is_not_believed(string expires, double? seconds)
    {
        var tokens = Granted("figma", $"{{\"access_token\":\"a\",\"expires_in\":{expires}}}");
        Assert.Equal(seconds is null ? null : Sent.AddSeconds(seconds.Value), tokens.AccessExpiresAt);
        Assert.Null(tokens.Scopes);
    }

    [Fact]
    public async Task An_app_installation_is_minted_with_a_signed_jwt()
    {
        await using var peer = new OddPeer(_ =>
            OddPeer.Http(
                201,
                """{"token":"ghs_2","expires_at":"2030-03-17T18:46:40Z","permissions":{"issues":"read"}}"""
            )
        );
        var builtIn = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "packs", "github_app.json"));
        var local = builtIn
            .Replace("https://api.github.com", peer.BaseUrl, StringComparison.Ordinal)
            .Replace("\"api.github.com\"", "\"127.0.0.1\"", StringComparison.Ordinal)
            .Replace("\"format\": 1,", "\"format\": 1, \"development_only\": true,", StringComparison.Ordinal);
        var pack = new PackReader().Read(Encoding.UTF8.GetBytes(local), "local").Pack!;
        using var rsa = RSA.Create(2048);
        using var http = new ProviderHttp(new EgressOptions { AllowLoopback = true });
        var ids = new IdFactory(TimeProvider.System, new SeededEntropy());
        var client = new TokenClient(
            ids.NewOrganization(),
            pack,
            new ConnectionSettings { ClientId = "Iv1.app" },
            null,
            ImmutableSortedDictionary<string, string>.Empty.Add("installation_id", "42"),
            ""
        );
        using var key = SandboxRig.Own(AuthMode.AppInstallation, ("private_key", rsa.ExportPkcs8PrivateKeyPem()));

        var reply = Assert.IsType<TokenReply.Granted>(
            await new TokenEndpoint(http, TimeProvider.System, ids).MintAsync(client, key, [], SandboxRig.Soon)
        );

        Assert.Equal("ghs_2", reply.Tokens.Secrets.AccessToken.RevealText());
        Assert.StartsWith("POST /app/installations/42/access_tokens ", peer.LastRequest, StringComparison.Ordinal);
        Assert.Contains("X-GitHub-Api-Version: 2022-11-28", peer.LastRequest, StringComparison.Ordinal);
        var jwt = peer.LastRequest.Split("Authorization: Bearer ")[1].Split("\r\n")[0].Split('.');
        Assert.True(
            rsa.VerifyData(
                Encoding.ASCII.GetBytes(jwt[0] + "." + jwt[1]),
                System.Buffers.Text.Base64Url.DecodeFromChars(jwt[2]),
                HashAlgorithmName.SHA256,
                RSASignaturePadding.Pkcs1
            )
        );
        using var claims = JsonDocument.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(jwt[1]));
        Assert.Equal("Iv1.app", claims.RootElement.GetProperty("iss").GetString());
        Assert.InRange(
            claims.RootElement.GetProperty("exp").GetInt64() - claims.RootElement.GetProperty("iat").GetInt64(),
            1,
            600
        );
    }

    private static TokenSet Granted(string provider, string answer) =>
        Assert.IsType<TokenReply.Granted>(Read(provider, answer, mustCapture: true)).Tokens;

    private static TokenReply Read(string provider, string answer, bool mustCapture)
    {
        Assert.True(LoadedPacks.All.TryGet(provider, out var pack));
        var parsed = new ProviderResponse(200, _ => null, ProviderResponse.Parse(Encoding.UTF8.GetBytes(answer), null));
        return TokenResponseClassifier.Classify(pack, parsed, Sent)
            ?? TokenResponseReader.Read(pack, parsed, Sent, Sent.AddSeconds(2), mustCapture);
    }
}
