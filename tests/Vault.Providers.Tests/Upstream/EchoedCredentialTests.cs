using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Vault.Core.Execution;
using Vault.Core.OAuth;
using Vault.Core.Packs;
using Vault.Core.Sealing;
using Vault.Providers.Tests.Peers;
using Vault.Providers.Upstream;

namespace Vault.Providers.Tests.Upstream;

/// <summary>A provider that repeats what it was sent: the credential does not come back with the response (law 2).</summary>
public sealed class EchoedCredentialTests : IAsyncLifetime
{
    private const string Token = "tok/en+with%20every&thing\"7";

    private SandboxRig _rig = null!;

    public async Task InitializeAsync() =>
        _rig = await SandboxRig.StartAsync(new UpstreamOptions { OutputCap = 4096, ReadCap = 8192 });

    public async Task DisposeAsync() => await _rig.DisposeAsync();

    [Fact]
    public async Task A_grants_token_that_a_debug_endpoint_repeats_is_replaced()
    {
        var grant = _rig.Grant();
        var reply = await _rig.Upstream.SendAsync(_rig.Call("sandbox_echo", new { text = "t" }, grant), default);
        Assert.Equal(UpstreamOutcome.Succeeded, reply.Outcome);
        Assert.True(reply.CredentialEchoed);
        var headers = reply.Data!.Value.GetProperty("headers");
        Assert.Equal("Bearer [credential]", headers.GetProperty("authorization").GetString());
        Assert.DoesNotContain(grant.AccessToken.RevealText(), reply.Data.Value.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_response_without_it_is_handed_on_as_it_is()
    {
        var reply = await _rig.Upstream.SendAsync(_rig.Call("sandbox_get_profile", new { }, _rig.Grant()), default);
        Assert.False(reply.CredentialEchoed);
        Assert.Equal("alice", reply.Data!.Value.GetProperty("id").GetString());
    }

    [Theory]
    [InlineData("""{"a":"tok/en+with%20every&thing\"7"}""")]
    [InlineData("""{"a":"tok\/en+with%20every&thing\"7","b":1}""")]
    [InlineData("""{"a":"\u0074ok/en\u002bwith%20every\u0026thing\u00227"}""")]
    [InlineData("""{"tok/en+with%20every&thing\u00227":true}""")]
    [InlineData("""{"next":"https://h/?key=tok%2Fen%2Bwith%2520every%26thing%227&b=1"}""")]
    [InlineData("""{"next":"https://h/?key=tok%2fen%2bwith%2520every%26thing%227&b=1"}""")]
    [InlineData("""{"a":"dG9rL2VuK3dpdGglMjBldmVyeSZ0aGluZyI3"}""")]
    public async Task Every_spelling_in_JSON_is_found(string body)
    {
        var reply = await EchoAsync(200, body, "application/json");
        Assert.True(reply.CredentialEchoed);
        var text = reply.Data!.Value.GetRawText();
        Assert.Contains("[credential]", text, StringComparison.Ordinal);
        Assert.DoesNotContain("every", Decoded(text), StringComparison.Ordinal);
        Assert.DoesNotContain("dG9rL2VuK3", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(200, "text/plain")]
    [InlineData(200, "text/html")]
    [InlineData(400, "application/json")]
    [InlineData(500, "text/plain")]
    public async Task Text_and_bodies_of_errors_are_searched_as_well(int status, string type)
    {
        var body = type == "application/json" ? JsonSerializer.Serialize(new { error = Token }) : "sent: " + Token;
        var reply = await EchoAsync(status, body, type);
        Assert.True(reply.CredentialEchoed);
        var all = JsonSerializer.Serialize(reply.Data) + reply.Detail + reply.Reason;
        Assert.DoesNotContain("every", all, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_value_that_the_read_limit_divides_leaves_no_part()
    {
        var filler = new string('x', 8192 - 10);
        var reply = await EchoAsync(200, filler + Token + filler, "text/plain");
        Assert.True(reply.CredentialEchoed);
        var complete = Encoding.UTF8.GetString(reply.Complete.Span);
        Assert.Equal(8192, complete.Length);
        Assert.DoesNotContain("tok", complete, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("carol", "a long password", "Y2Fyb2w6YSBsb25nIHBhc3N3b3Jk", true)]
    [InlineData("carol", "a long password", "a long password", true)]
    [InlineData("carol-the-user", "a long password", "carol-the-user", false)]
    [InlineData("key-as-the-user", "", "key-as-the-user", true)]
    [InlineData("key-as-the-user", "api_token", "key-as-the-user", true)]
    [InlineData("key-as-the-user", "api_token", "api_token", false)]
    [InlineData("carol", "short", "short", false)]
    public void Of_a_login_the_password_is_secret_and_the_user_name_where_it_is_the_key(
        string user,
        string password,
        string text,
        bool replaced
    )
    {
        var login = SandboxRig.Own(AuthMode.Basic, ("username", user), ("password", password));
        using var redactor = new CredentialRedactor(null, login);
        Assert.Equal(replaced ? "[credential]" : text, redactor.Redact(text));
        Assert.Equal(replaced, redactor.Replaced);
    }

    private async Task<UpstreamReply> EchoAsync(int status, string body, string type)
    {
        await using var peer = new OddPeer(_ => OddPeer.Http(status, body, $"Content-Type: {type}\r\n"));
        var grant = new GrantTokens { AccessToken = Secret.From(Token) };
        var call = _rig.Call("sandbox_get_profile", new { }, grant) with
        {
            Parameters = ImmutableSortedDictionary<string, string>.Empty.Add("base_url", peer.BaseUrl),
        };
        return await _rig.Upstream.SendAsync(call, default);
    }

    private static string Decoded(string json) =>
        Uri.UnescapeDataString(json).Replace("\\", "", StringComparison.Ordinal);
}
