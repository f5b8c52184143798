using Microsoft.Extensions.Time.Testing;
using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Sealing;
using Vault.Providers.Egress;
using Vault.Providers.OAuth;
using Vault.Providers.Tests.Peers;
using Vault.TestKit;

namespace Vault.Providers.Tests.OAuth;

/// <summary>Answers no honest server gives, and the exact word for each.</summary>
public sealed class OddTokenResponseTests : IDisposable
{
    private readonly ProviderHttp _http = new(new EgressOptions { AllowLoopback = true });

    public void Dispose() => _http.Dispose();

    public static TheoryData<string, string, string> Answers { get; } =
        new()
        {
            {
                OddPeer.Http(200, "{\"access_token\":\"a\",\"token_type\":\"bearer\",\"expires_in\":\"3600\"}"),
                "Granted",
                ""
            },
            {
                OddPeer.Http(
                    200,
                    "access_token=a&token_type=bearer&scope=x",
                    "Content-Type: application/x-www-form-urlencoded\r\n"
                ),
                "Granted",
                ""
            },
            { OddPeer.Http(200, "{\"access_token\":\"a\",\"token_type\":\"mac\"}"), "Granted", "" },
            { OddPeer.Http(200, "{\"access_token\":\"a\",\"scope\":\"cut \\ud83d\",\"\\udc00\":1}"), "Granted", "" },
            { OddPeer.Http(200, "\uFEFF{\"access_token\":\"a\"}"), "Granted", "" },
            { OddPeer.Http(400, "{\"error\":\"\\ud83d\"}"), "NotActed", "http_400" },
            { OddPeer.Http(503, "", "Retry-After: 99999999999999\r\n"), "MayHaveActed", "http_503" },
            {
                OddPeer.Http(503, "<html>maintenance</html>", "Content-Type: text/html\r\n"),
                "MayHaveActed",
                "http_503"
            },
            {
                OddPeer.Http(502, "<html>maintenance</html>", "Content-Type: text/html\r\n"),
                "MayHaveActed",
                "http_502"
            },
            {
                OddPeer.Http(200, "<html>hello</html>", "Content-Type: text/html\r\n"),
                "MayHaveActed",
                "unreadable_answer"
            },
            { OddPeer.Http(200, "{\"access_token\":"), "MayHaveActed", "unreadable_answer" },
            { OddPeer.Http(200, "{\"access_token\":\"a\"} trailing"), "MayHaveActed", "unreadable_answer" },
            { OddPeer.Http(200, ""), "MayHaveActed", "unreadable_answer" },
            { OddPeer.Http(200, "{\"access_token\":\"\"}"), "MayHaveActed", "unreadable_answer" },
            { OddPeer.Http(200, "{\"error\":\"invalid_grant\"}"), "GrantDead", "invalid_grant" },
            {
                OddPeer.Http(200, "{\"access_token\":\"a\",\"pad\":\"" + new string('x', 70_000) + "\"}"),
                "MayHaveActed",
                "answer_too_large"
            },
            {
                "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"access_token\":\"a\"",
                "MayHaveActed",
                "connection_broken"
            },
            { "HTTP/1.1 banana\r\n\r\n", "MayHaveActed", "connection_broken" },
            { "", "MayHaveActed", "connection_broken" },
            { OddPeer.Http(302, "", "Location: http://127.0.0.1:1/\r\n"), "MayHaveActed", "http_302" },
            { OddPeer.Http(307, "", "Location: http://127.0.0.1:1/\r\n"), "MayHaveActed", "http_307" },
            { OddPeer.Http(400, "{\"error\":\"invalid_grant\"}"), "GrantDead", "invalid_grant" },
            { OddPeer.Http(401, "{\"error\":\"invalid_client\"}"), "ClientRefused", "invalid_client" },
            { OddPeer.Http(400, "{\"error\":\"never_heard_of\"}"), "ClientRefused", "never_heard_of" },
            { OddPeer.Http(400, "{\"error\":\"the token eyJhbGciOi is wrong\"}"), "NotActed", "http_400" },
            { OddPeer.Http(403, "<html>firewall</html>", "Content-Type: text/html\r\n"), "NotActed", "http_403" },
            { OddPeer.Http(404, "nothing here"), "ClientRefused", "http_404" },
            { OddPeer.Http(408, ""), "MayHaveActed", "http_408" },
            { OddPeer.Http(425, ""), "NotActed", "http_425" },
            { OddPeer.Http(429, "{\"error\":\"invalid_grant\"}"), "NotActed", "invalid_grant" },
            { OddPeer.Http(503, "{\"error\":\"invalid_grant\"}"), "MayHaveActed", "invalid_grant" },
            { OddPeer.Http(500, "{\"error\":\"invalid_grant\"}"), "MayHaveActed", "invalid_grant" },
            { OddPeer.Http(400, "{\"error\":\"temporarily_unavailable\"}"), "NotActed", "temporarily_unavailable" },
            { OddPeer.Http(400, "{\"error\":\"server_error\"}"), "MayHaveActed", "server_error" },
            { OddPeer.Http(400, "{\"error\":\"INVALID_GRANT\"}"), "GrantDead", "invalid_grant" },
            { OddPeer.Http(400, "{\"error\":{\"code\":\"invalid_grant\"}}"), "GrantDead", "invalid_grant" },
            { OddPeer.Http(400, "{\"errors\":[{\"code\":\"invalid_grant\"}]}"), "GrantDead", "invalid_grant" },
            { OddPeer.Http(403, "{\"code\":\"Invalid_Client\"}"), "ClientRefused", "invalid_client" },
            { OddPeer.Http(400, "{\"error\":\"Refresh token has expired\"}"), "NotActed", "http_400" },
            {
                OddPeer.Http(400, "{\"message\":\"The refresh token is no longer valid\",\"code\":4012}"),
                "NotActed",
                "http_400"
            },
            { OddPeer.Http(400, "{\"error\":\"interaction_required\"}"), "GrantDead", "interaction_required" },
        };

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task Every_answer_has_one_meaning_and_none_is_tried_twice(string raw, string meaning, string failure)
    {
        await using var peer = new OddPeer(_ => raw);
        var reply = await RefreshAsync(peer.BaseUrl, TimeProvider.System, SandboxRig.Soon);
        Assert.Equal(meaning, reply.GetType().Name);
        Assert.Equal(failure, Failure(reply));
        Assert.Equal(1, peer.Requests);
    }

    /// <summary>Refusals that may be about the grant count towards refused_repeatedly; others do not.</summary>
    [Theory]
    [InlineData(400, "{\"message\":\"The refresh token is no longer valid\",\"code\":4012}", true)]
    [InlineData(400, "{\"error\":\"Refresh token has expired\"}", true)]
    [InlineData(403, "<html>no</html>", true)]
    [InlineData(400, "{\"error\":\"never_heard_of\"}", true)]
    [InlineData(401, "{\"error\":\"invalid_client\"}", false)]
    [InlineData(400, "{\"error\":\"invalid_request\"}", false)]
    [InlineData(404, "nothing here", false)]
    [InlineData(429, "", false)]
    [InlineData(425, "", false)]
    public async Task A_refusal_without_a_known_reason_is_marked(int status, string body, bool refused)
    {
        await using var peer = new OddPeer(_ => OddPeer.Http(status, body));
        var reply = await RefreshAsync(peer.BaseUrl, TimeProvider.System, SandboxRig.Soon);
        Assert.Equal(
            refused,
            reply is TokenReply.NotActed { Refused: true } or TokenReply.ClientRefused { Unexplained: true }
        );
    }

    [Fact]
    public async Task Nobody_listens_nothing_was_sent()
    {
        string url;
        await using (var peer = new OddPeer(_ => ""))
            url = peer.BaseUrl;
        Assert.Equal(
            "connection_refused",
            Assert.IsType<TokenReply.NotActed>(await RefreshAsync(url, TimeProvider.System, SandboxRig.Soon)).Failure
        );
    }

    [Fact]
    public async Task Silence_until_the_deadline_may_hide_an_act()
    {
        await using var peer = new OddPeer(_ => null);
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var call = RefreshAsync(peer.BaseUrl, time, time.GetUtcNow().AddSeconds(5));
        await peer.Arrived.Task;
        time.Advance(TimeSpan.FromSeconds(6));
        Assert.Equal("timeout", Assert.IsType<TokenReply.MayHaveActed>(await call).Failure);
    }

    [Fact]
    public async Task A_deadline_in_the_past_sends_nothing()
    {
        await using var peer = new OddPeer(_ => OddPeer.Http(200, "{}"));
        Assert.IsType<TokenReply.NotActed>(
            await RefreshAsync(peer.BaseUrl, TimeProvider.System, TimeProvider.System.GetUtcNow().AddSeconds(-1))
        );
        Assert.Equal(0, peer.Requests);
    }

    [Fact]
    public async Task Client_id_and_secret_are_form_encoded_in_the_header()
    {
        await using var peer = new OddPeer(_ => OddPeer.Http(200, "{\"access_token\":\"a\"}"));
        await RefreshAsync(peer.BaseUrl, TimeProvider.System, SandboxRig.Soon, c =>
            c with
            {
                Connection = c.Connection with { ClientId = "a:b c%" },
                ClientSecret = Secret.From("s+é"),
            }
        );
        var header = peer
            .LastRequest.Split("\r\n")
            .Single(l => l.StartsWith("Authorization: Basic ", StringComparison.OrdinalIgnoreCase));
        Assert.Equal(
            "a%3Ab+c%25:s%2B%C3%A9",
            System.Text.Encoding.ASCII.GetString(Convert.FromBase64String(header["Authorization: Basic ".Length..]))
        );
        Assert.DoesNotContain("client_secret", peer.LastRequest, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_outside_the_pack_is_never_called()
    {
        var reply = await RefreshAsync("http://169.254.169.254", TimeProvider.System, SandboxRig.Soon);
        Assert.IsType<TokenReply.ClientRefused>(reply);
    }

    private async Task<TokenReply> RefreshAsync(
        string baseUrl,
        TimeProvider time,
        DateTimeOffset deadline,
        Func<TokenClient, TokenClient>? change = null
    )
    {
        var client = SandboxRig.Client(LoadedPacks.All.All.Single(p => p.Id == "sandbox"), baseUrl);
        var tokens = new TokenEndpoint(_http, time, new IdFactory(time, new SeededEntropy()));
        return await tokens.RefreshAsync(change is null ? client : change(client), Secret.From("refresh-1"), deadline);
    }

    private static string Failure(TokenReply reply) =>
        reply switch
        {
            TokenReply.NotActed n => n.Failure,
            TokenReply.MayHaveActed m => m.Failure,
            TokenReply.GrantDead g => g.Failure,
            TokenReply.ClientRefused c => c.Failure,
            _ => "",
        };
}
