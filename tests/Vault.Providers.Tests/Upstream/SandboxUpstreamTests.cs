using System.Text;
using System.Text.Json;
using Vault.Core.Execution;
using Vault.Core.Packs;
using Vault.Core.Sealing;
using Vault.Providers.Tests.Peers;
using Vault.Providers.Upstream;
using Vault.Sandbox.Faults;

namespace Vault.Providers.Tests.Upstream;

public sealed class SandboxUpstreamTests : IAsyncLifetime
{
    private SandboxRig _rig = null!;

    public async Task InitializeAsync() => _rig = await SandboxRig.StartAsync(new UpstreamOptions { OutputCap = 4096 });

    public async Task DisposeAsync() => await _rig.DisposeAsync();

    private Task<UpstreamReply> SendAsync(string tool, object input, string? page = null, string key = "exe_1") =>
        _rig.Upstream.SendAsync(_rig.Call(tool, input, _rig.Grant(), page: page, key: key), default);

    [Fact]
    public async Task A_profile_is_read()
    {
        var reply = await SendAsync("sandbox_get_profile", new { });
        Assert.Equal((UpstreamOutcome.Succeeded, 200), (reply.Outcome, reply.Status));
        Assert.Equal("alice", reply.Data!.Value.GetProperty("id").GetString());
    }

    [Fact]
    public async Task A_list_is_paged_to_its_end_and_a_token_fits_only_its_own_list()
    {
        var (count, page) = (0, (string?)null);
        do
        {
            var reply = await SendAsync("sandbox_list_items", new { page_size = 20 }, page);
            Assert.Equal(UpstreamOutcome.Succeeded, reply.Outcome);
            count += reply.Data!.Value.GetProperty("items").GetArrayLength();
            page = reply.NextPageToken;
        } while (page is not null);
        Assert.Equal(250, count);

        var first = (await SendAsync("sandbox_list_items", new { page_size = 20 })).NextPageToken!;
        foreach (
            var (tool, input, token) in new (string, object, string)[]
            {
                ("sandbox_list_items", new { page_size = 21 }, first),
                ("sandbox_list_items", new { page_size = 20 }, first[..^4]),
                ("sandbox_list_items", new { page_size = 20 }, "AAAA"),
                ("sandbox_get_profile", new { }, first),
            }
        )
        {
            var reply = await SendAsync(tool, input, token);
            Assert.Equal(
                (UpstreamOutcome.Rejected, "page_token_invalid", false),
                (reply.Outcome, reply.Detail, reply.Sent)
            );
        }
    }

    [Fact]
    public async Task The_idempotency_key_makes_a_second_call_harmless()
    {
        var first = await SendAsync("sandbox_create_item", new { name = "x" }, key: "exe_same");
        var second = await SendAsync("sandbox_create_item", new { name = "x" }, key: "exe_same");
        Assert.Equal(201, first.Status);
        Assert.Equal(first.Data!.Value.GetProperty("id").GetString(), second.Data!.Value.GetProperty("id").GetString());
        Assert.Equal(1, _rig.Sandbox.Counters.IdempotentDuplicates);
    }

    [Fact]
    public async Task A_path_value_cannot_leave_its_segment()
    {
        var id = (await SendAsync("sandbox_create_item", new { name = "x" }))
            .Data!.Value.GetProperty("id")
            .GetString()!;
        Assert.Equal(204, (await SendAsync("sandbox_delete_item", new { id })).Status);
        Assert.Equal(404, (await SendAsync("sandbox_get_item", new { id = "x/me" })).Status);
        // The sandbox would find /api/me if the dots had worked, and a server that unescapes before it routes would
        // find more.
        foreach (var path in new[] { "..", "../me" })
        {
            var dots = await SendAsync("sandbox_get_item", new { id = path });
            Assert.Equal(
                (UpstreamOutcome.Rejected, false, "input_has_dot_segment:id"),
                (dots.Outcome, dots.Sent, dots.Detail)
            );
        }
    }

    [Fact]
    public async Task Query_headers_and_trace_arrive_as_mapped()
    {
        var call = _rig.Call(
            "sandbox_echo",
            new
            {
                text = "a&b=c",
                tags = new[] { "x y", "z" },
                trace = "note",
            },
            _rig.Grant()
        ) with
        {
            TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        };
        var data = (await _rig.Upstream.SendAsync(call, default)).Data!.Value;
        Assert.Equal("a&b=c", data.GetProperty("query").GetProperty("text")[0].GetString());
        Assert.Equal(
            ["x y", "z"],
            data.GetProperty("query").GetProperty("tags").EnumerateArray().Select(t => t.GetString())
        );
        Assert.Equal("note", data.GetProperty("headers").GetProperty("x-trace-note").GetString());
        Assert.Equal(call.TraceParent, data.GetProperty("headers").GetProperty("traceparent").GetString());
    }

    [Fact]
    public async Task A_line_break_cannot_become_a_header()
    {
        var reply = await SendAsync("sandbox_echo", new { trace = "x\r\nX-Evil: 1" });
        Assert.Equal(
            (UpstreamOutcome.Rejected, "input_not_a_header_value:trace", false),
            (reply.Outcome, reply.Detail, reply.Sent)
        );
    }

    [Fact]
    public async Task A_form_repeats_arrays()
    {
        var fields = (
            await SendAsync("sandbox_submit_form", new { title = "t+ü", tags = new[] { "a", "b" } })
        ).Data!.Value.GetProperty("fields");
        Assert.Equal("t+ü", fields.GetProperty("title")[0].GetString());
        Assert.Equal(["a", "b"], fields.GetProperty("tags").EnumerateArray().Select(t => t.GetString()));
    }

    [Fact]
    public async Task A_file_is_uploaded_and_bad_base64_is_refused_unsent()
    {
        var bytes = Encoding.UTF8.GetBytes("hello file");
        var data = (
            await SendAsync(
                "sandbox_upload_file",
                new
                {
                    file_name = "a.txt",
                    content_base64 = Convert.ToBase64String(bytes),
                    media_type = "text/plain",
                    description = "d",
                }
            )
        ).Data!.Value;
        var file = data.GetProperty("files")[0];
        Assert.Equal(
            ("a.txt", "text/plain", 10),
            (
                file.GetProperty("file_name").GetString(),
                file.GetProperty("content_type").GetString(),
                file.GetProperty("size").GetInt32()
            )
        );
        Assert.Equal("d", data.GetProperty("fields").GetProperty("description")[0].GetString());

        var bad = await SendAsync("sandbox_upload_file", new { file_name = "a", content_base64 = "%%%" });
        Assert.Equal(("input_not_base64:content_base64", false), (bad.Detail, bad.Sent));
    }

    [Fact]
    public async Task A_large_answer_is_cut_at_a_boundary_and_the_whole_is_kept()
    {
        var reply = await SendAsync("sandbox_large", new { bytes = 50_000 });
        Assert.True(reply.Truncated);
        Assert.Equal(50_000, reply.Complete.Length);
        var text = reply.Data!.Value.GetRawText();
        Assert.InRange(text.Length, 3_800, 4_096);
        Assert.True(reply.Data!.Value.GetProperty("items").GetArrayLength() > 20);
    }

    [Fact]
    public async Task A_read_follows_a_redirect_of_its_own_origin_only()
    {
        var own = await SendAsync("sandbox_redirect", new { to = _rig.Sandbox.BaseUrl + "/api/me" });
        Assert.Equal((UpstreamOutcome.Succeeded, 200), (own.Outcome, own.Status));
        Assert.Equal("alice", own.Data!.Value.GetProperty("id").GetString());

        var foreign = await SendAsync("sandbox_redirect", new { to = "https://evil.example.net/api/me" });
        Assert.Equal((UpstreamOutcome.Rejected, 302), (foreign.Outcome, foreign.Status));
        Assert.Equal("https://evil.example.net/api/me", foreign.Headers.Single(h => h.Name == "location").Value);
    }

    [Theory]
    [InlineData(FaultKind.RateLimited, UpstreamOutcome.RateLimited)]
    [InlineData(FaultKind.ServerError, UpstreamOutcome.Unavailable)]
    [InlineData(FaultKind.ErrorBody, UpstreamOutcome.Rejected)]
    [InlineData(FaultKind.EarlyUnauthorized, UpstreamOutcome.CredentialRejected)]
    [InlineData(FaultKind.DropBefore, UpstreamOutcome.Lost)]
    [InlineData(FaultKind.DropAfter, UpstreamOutcome.Lost)]
    public async Task A_fault_is_named(FaultKind kind, UpstreamOutcome expected)
    {
        _rig.Sandbox.Faults.Add(
            new SandboxFault
            {
                Kind = kind,
                Target = FaultTarget.Api,
                RetryAfterSeconds = 3,
                Error = "quota_gone",
            }
        );
        var reply = await SendAsync("sandbox_create_item", new { name = "x" });
        Assert.Equal(expected, reply.Outcome);
        if (kind == FaultKind.RateLimited)
            Assert.Equal(TimeSpan.FromSeconds(3), reply.RetryAfter);
        if (kind == FaultKind.ErrorBody)
            Assert.Equal("quota_gone", reply.Detail);
    }

    [Fact]
    public async Task A_missing_scope_names_the_scope()
    {
        var minted = _rig.Sandbox.Grants.Mint(new Vault.Sandbox.Grants.GrantSeed { Scopes = ["profile"] });
        using var grant = new Core.OAuth.GrantTokens { AccessToken = Secret.From(minted.AccessToken) };
        var reply = await _rig.Upstream.SendAsync(_rig.Call("sandbox_create_item", new { name = "x" }, grant), default);
        Assert.Equal(UpstreamOutcome.ScopeMissing, reply.Outcome);
        Assert.Equal(["items:write"], reply.MissingScopes.ToArray());
    }

    [Theory]
    [InlineData("sandbox_key", AuthMode.ApiKey, "api_key=sandbox-key-0001-demo")]
    [InlineData("sandbox_query_key", AuthMode.ApiKey, "api_key=sandbox-key-0001-demo")]
    [InlineData("sandbox_basic", AuthMode.Basic, "username=sandbox-user;password=sandbox-pass-0001")]
    public async Task Own_credentials_go_where_the_pack_says(string pack, AuthMode mode, string fields)
    {
        using var credential = SandboxRig.Own(
            mode,
            [.. fields.Split(';').Select(f => (f.Split('=')[0], f.Split('=')[1]))]
        );
        Assert.Equal(
            UpstreamOutcome.Succeeded,
            (
                await _rig.Upstream.SendAsync(
                    _rig.Call(pack + "_create_item", new { name = "x" }, null, credential),
                    default
                )
            ).Outcome
        );
        using var wrong = SandboxRig.Own(
            mode,
            [.. fields.Split(';').Select(f => (f.Split('=')[0], "wrong-value-0001"))]
        );
        Assert.Equal(
            UpstreamOutcome.CredentialRejected,
            (
                await _rig.Upstream.SendAsync(
                    _rig.Call(pack + "_create_item", new { name = "x" }, null, wrong),
                    default
                )
            ).Outcome
        );
    }

    [Fact]
    public async Task Without_a_credential_nothing_is_sent()
    {
        var reply = await _rig.Upstream.SendAsync(_rig.Call("sandbox_get_profile", new { }, null), default);
        Assert.Equal(("no_credential_for_this_call", false), (reply.Detail, reply.Sent));
    }

    [Fact]
    public async Task A_gone_provider_is_not_sent()
    {
        var call = _rig.Call("sandbox_create_item", new { name = "x" }, _rig.Grant());
        await using (var peer = new OddPeer(_ => ""))
            call = call with { Parameters = call.Parameters.SetItem("base_url", peer.BaseUrl) };
        var reply = await _rig.Upstream.SendAsync(call, default);
        Assert.Equal((UpstreamOutcome.NotSent, false), (reply.Outcome, reply.Sent));
    }

    [Fact]
    public async Task A_parameter_that_leaves_its_pattern_is_not_sent()
    {
        var call = _rig.Call("sandbox_get_profile", new { }, _rig.Grant());
        var reply = await _rig.Upstream.SendAsync(
            call with
            {
                Parameters = call.Parameters.SetItem("base_url", "http://169.254.169.254"),
            },
            default
        );
        Assert.Equal(("parameter_missing:base_url", false), (reply.Detail, reply.Sent));
    }
}
