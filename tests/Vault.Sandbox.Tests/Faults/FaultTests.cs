using Vault.Sandbox.Clients;
using Vault.Sandbox.Faults;
using Vault.Sandbox.Grants;

namespace Vault.Sandbox.Tests.Faults;

public sealed class FaultTests : SandboxFixture
{
    [Fact]
    public async Task Drop_after_acting_really_rotates()
    {
        Rotate(RotationBehaviour.SingleUse);
        var grant = Server.Grants.Mint(new GrantSeed());
        Server.Faults.Add(
            new SandboxFault
            {
                Kind = FaultKind.DropAfter,
                Target = FaultTarget.Token,
                Times = 1,
            }
        );

        await Assert.ThrowsAsync<HttpRequestException>(() => Caller.RefreshAsync(grant.RefreshToken!));
        Assert.Equal(1, Server.Counters.Refreshes);
        (await Caller.RefreshAsync(grant.RefreshToken!)).MustFail(400, "invalid_grant");
        Assert.Equal(1, Server.Counters.RefreshReplays);
    }

    [Fact]
    public async Task Drop_before_acting_leaves_the_token_unused()
    {
        Rotate(RotationBehaviour.Family);
        var grant = Server.Grants.Mint(new GrantSeed());
        Server.Faults.Add(
            new SandboxFault
            {
                Kind = FaultKind.DropBefore,
                Target = FaultTarget.Token,
                Times = 1,
            }
        );

        await Assert.ThrowsAsync<HttpRequestException>(() => Caller.RefreshAsync(grant.RefreshToken!));
        Assert.Equal(0, Server.Counters.Refreshes);
        Assert.Equal(200, (await Caller.RefreshAsync(grant.RefreshToken!)).Status);
        Assert.Equal(0, Server.Counters.RefreshReplays);
        Assert.Equal(2, Server.Counters.TokenRequests);
    }

    [Fact]
    public async Task Rate_limiting_says_when_to_come_back_and_ends()
    {
        var grant = Server.Grants.Mint(new GrantSeed());
        Server.Faults.Add(
            new SandboxFault
            {
                Kind = FaultKind.RateLimited,
                Target = FaultTarget.Token,
                Times = 2,
                RetryAfterSeconds = 7,
            }
        );
        for (var i = 0; i < 2; i++)
        {
            var limited = await Caller.RefreshAsync(grant.RefreshToken!);
            Assert.Equal(429, limited.Status);
            Assert.Equal(TimeSpan.FromSeconds(7), limited.Headers.RetryAfter!.Delta);
        }

        Assert.Equal(200, (await Caller.RefreshAsync(grant.RefreshToken!)).Status);
    }

    [Fact]
    public async Task A_server_error_before_acting_leaves_the_token_unused_and_after_acting_it_is_used()
    {
        Rotate(RotationBehaviour.SingleUse);
        var grant = Server.Grants.Mint(new GrantSeed());
        Server.Faults.Add(
            new SandboxFault
            {
                Kind = FaultKind.ServerError,
                Target = FaultTarget.Token,
                Times = 1,
                Status = 502,
            }
        );
        Assert.Equal(502, (await Caller.RefreshAsync(grant.RefreshToken!)).Status);
        Assert.Equal(0, Server.Counters.Refreshes);

        Server.Faults.Add(
            new SandboxFault
            {
                Kind = FaultKind.ServerError,
                Target = FaultTarget.Token,
                Times = 1,
                Phase = FaultPhase.After,
            }
        );
        (await Caller.RefreshAsync(grant.RefreshToken!)).MustFail(503, "server_error");
        Assert.Equal(1, Server.Counters.Refreshes);
        (await Caller.RefreshAsync(grant.RefreshToken!)).MustFail(400, "invalid_grant");
    }

    [Fact]
    public async Task An_error_in_a_200_a_cut_body_and_an_invalid_grant_come_as_asked()
    {
        var grant = Server.Grants.Mint(new GrantSeed());
        Server.Faults.Add(
            new SandboxFault
            {
                Kind = FaultKind.ErrorBody,
                Target = FaultTarget.Token,
                Times = 1,
                Error = "token_revoked",
            }
        );
        var body = await Caller.RefreshAsync(grant.RefreshToken!);
        Assert.Equal(200, body.Status);
        Assert.False(body.Json.GetProperty("ok").GetBoolean());
        Assert.Equal("token_revoked", body["error"]);

        Server.Faults.Add(
            new SandboxFault
            {
                Kind = FaultKind.MalformedJson,
                Target = FaultTarget.Token,
                Times = 1,
            }
        );
        var cut = await Caller.RefreshAsync(grant.RefreshToken!);
        Assert.Equal(200, cut.Status);
        Assert.ThrowsAny<System.Text.Json.JsonException>(() => cut.Json);

        Server.Faults.Add(
            new SandboxFault
            {
                Kind = FaultKind.InvalidGrant,
                Target = FaultTarget.Token,
                Times = 1,
                ErrorDescription = "password changed",
            }
        );
        var dead = await Caller.RefreshAsync(grant.RefreshToken!);
        dead.MustFail(400, "invalid_grant");
        Assert.Equal("password changed", dead["error_description"]);
        Assert.Equal(200, (await Caller.RefreshAsync(grant.RefreshToken!)).Status);
    }

    [Fact]
    public async Task A_held_request_waits_for_its_gate_and_counts_as_in_flight()
    {
        Rotate(RotationBehaviour.SingleUse);
        var grant = Server.Grants.Mint(new GrantSeed());
        var hold = Server.Faults.Add(new SandboxFault { Kind = FaultKind.Hold, Target = FaultTarget.Token });
        var calls = Enumerable.Range(0, 3).Select(_ => Caller.RefreshAsync(grant.RefreshToken!)).ToArray();
        await hold.Gate.ReachedAsync(3);
        Assert.All(calls, c => Assert.False(c.IsCompleted));
        Assert.Equal(0, Server.Counters.Refreshes);

        hold.Gate.Open();
        var replies = await Task.WhenAll(calls);
        Assert.Single(replies, r => r.Status == 200);
        Assert.Equal(3, Server.Counters.MaxConcurrentTokenCallsPerGrant);
        Assert.Equal(3, Server.Counters.MaxConcurrentTokenCalls);
        Assert.Equal(3, Server.Grants.Get(grant.GrantId).MaxConcurrentTokenCalls);
    }

    [Fact]
    public async Task A_reply_held_after_acting_has_rotated_already()
    {
        var grant = Server.Grants.Mint(new GrantSeed());
        var hold = Server.Faults.Add(
            new SandboxFault
            {
                Kind = FaultKind.Hold,
                Phase = FaultPhase.After,
                Target = FaultTarget.Token,
                Times = 1,
            }
        );
        var call = Caller.RefreshAsync(grant.RefreshToken!);
        await hold.Gate.ReachedAsync();
        Assert.Equal(1, Server.Counters.Refreshes);
        Assert.False(call.IsCompleted);
        hold.Gate.Open();
        Assert.Equal(200, (await call).Status);
    }

    [Fact]
    public async Task A_caller_that_leaves_does_not_stop_the_provider_from_acting()
    {
        Rotate(RotationBehaviour.SingleUse);
        var grant = Server.Grants.Mint(new GrantSeed());
        var hold = Server.Faults.Add(
            new SandboxFault
            {
                Kind = FaultKind.Hold,
                Target = FaultTarget.Token,
                Times = 1,
            }
        );
        var after = Server.Faults.Add(
            new SandboxFault
            {
                Kind = FaultKind.Hold,
                Target = FaultTarget.Token,
                Times = 1,
                Phase = FaultPhase.After,
            }
        );
        using var leave = new CancellationTokenSource();
        using var content = new FormUrlEncodedContent(
            SandboxCaller
                .WithSecret(("grant_type", "refresh_token"), ("refresh_token", grant.RefreshToken))
                .Select(m => KeyValuePair.Create(m.Name, m.Value!))
        );
        var call = Caller.Http.PostAsync("/oauth/token", content, leave.Token);
        await hold.Gate.ReachedAsync();
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);

        hold.Gate.Open();
        await after.Gate.ReachedAsync();
        Assert.Equal(1, Server.Counters.Refreshes);
        after.Gate.Open();
    }

    [Fact]
    public async Task A_slow_reply_waits_on_the_sandbox_clock()
    {
        var grant = Server.Grants.Mint(new GrantSeed());
        var slow = Server.Faults.Add(
            new SandboxFault
            {
                Kind = FaultKind.Slow,
                Target = FaultTarget.Token,
                Times = 1,
                DelayMs = 12_000,
            }
        );
        var call = Caller.RefreshAsync(grant.RefreshToken!);
        await slow.Gate.ReachedAsync();
        Time.Advance(TimeSpan.FromMilliseconds(11_999));
        Assert.False(call.IsCompleted);
        Assert.Equal(0, Server.Counters.Refreshes);
        Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(200, (await call).Status);
    }

    [Fact]
    public async Task The_api_refuses_a_living_token_until_the_next_refresh()
    {
        var grant = Server.Grants.Mint(new GrantSeed());
        Server.Faults.Add(
            new SandboxFault
            {
                Kind = FaultKind.EarlyUnauthorized,
                Target = FaultTarget.Api,
                Times = 1,
            }
        );
        for (var i = 0; i < 3; i++)
        {
            var refused = await Caller.GetAsync("/api/me", grant.AccessToken);
            refused.MustFail(401, "invalid_token");
        }

        Assert.Equal(3, Server.Counters.ApiCallsRefusedEarly);
        var fresh = await Caller.RefreshAsync(grant.RefreshToken!);
        Assert.Equal(200, (await Caller.GetAsync("/api/me", fresh.AccessToken)).Status);
    }

    [Fact]
    public async Task Filters_choose_by_path_client_grant_and_grant_type()
    {
        var (mine, other) = (Server.Grants.Mint(new GrantSeed()), Server.Grants.Mint(new GrantSeed()));
        Server.Faults.Add(
            new SandboxFault
            {
                Kind = FaultKind.ServerError,
                Target = FaultTarget.Api,
                PathPrefix = "/api/items",
                GrantId = mine.GrantId,
            }
        );
        Assert.Equal(503, (await Caller.GetAsync("/api/items/item-1", mine.AccessToken)).Status);
        Assert.Equal(200, (await Caller.GetAsync("/api/me", mine.AccessToken)).Status);
        Assert.Equal(200, (await Caller.GetAsync("/api/items/item-1", other.AccessToken)).Status);

        Server.Faults.Add(
            new SandboxFault
            {
                Kind = FaultKind.ServerError,
                GrantType = "refresh_token",
                ClientId = "demo-client",
            }
        );
        Assert.Equal(503, (await Caller.RefreshAsync(mine.RefreshToken!)).Status);
        Assert.Equal(200, (await Caller.TokenAsync(("grant_type", "client_credentials"))).Status);
        Server.Faults.Clear();
        Assert.Equal(200, (await Caller.RefreshAsync(mine.RefreshToken!)).Status);
    }

    [Fact]
    public async Task Of_parallel_requests_exactly_so_many_are_struck()
    {
        var grant = Server.Grants.Mint(new GrantSeed());
        var fault = Server.Faults.Add(
            new SandboxFault
            {
                Kind = FaultKind.ServerError,
                Target = FaultTarget.Api,
                Times = 7,
            }
        );
        var replies = await Task.WhenAll(
            Enumerable.Range(0, 40).Select(_ => Caller.GetAsync("/api/me", grant.AccessToken))
        );
        Assert.Equal(7, replies.Count(r => r.Status == 503));
        Assert.True(fault.IsSpent);
    }

    [Fact]
    public async Task Consent_can_be_narrowed_and_signed_by_somebody_else()
    {
        Server.Faults.Add(
            new SandboxFault
            {
                Kind = FaultKind.NarrowScope,
                Target = FaultTarget.Authorize,
                Times = 1,
                Scopes = ["profile"],
            }
        );
        Server.Faults.Add(
            new SandboxFault
            {
                Kind = FaultKind.WrongIdentity,
                Target = FaultTarget.Authorize,
                Times = 1,
                Subject = "mallory",
            }
        );
        var tokens = await Caller.ExchangeAsync(await Caller.CodeAsync());
        Assert.Equal("profile", tokens["scope"]);
        Assert.Equal("mallory", (await Caller.GetAsync("/api/me", tokens.AccessToken))["id"]);

        var usual = await Caller.ExchangeAsync(await Caller.CodeAsync());
        Assert.Equal("profile items:read items:write", usual["scope"]);
        Assert.Equal("alice", (await Caller.GetAsync("/api/me", usual.AccessToken))["id"]);
    }

    [Fact]
    public async Task A_write_whose_reply_is_dropped_was_made()
    {
        var grant = Server.Grants.Mint(new GrantSeed());
        Server.Faults.Add(
            new SandboxFault
            {
                Kind = FaultKind.DropAfter,
                Target = FaultTarget.Api,
                Times = 1,
            }
        );
        Task<Reply> Post() =>
            Caller.SendJsonAsync(
                HttpMethod.Post,
                "/api/items",
                "{\"name\":\"n\"}",
                grant.AccessToken,
                ("Idempotency-Key", "k-1")
            );
        await Assert.ThrowsAsync<HttpRequestException>(Post);
        Assert.Equal("item-251", (await Post())["id"]);
        Assert.Equal(1, Server.Counters.IdempotentDuplicates);
    }

    [Fact]
    public void A_fault_that_makes_no_sense_is_refused_with_the_field()
    {
        Assert.Contains(
            "delay_ms",
            Assert
                .Throws<ArgumentException>(() => Server.Faults.Add(new SandboxFault { Kind = FaultKind.Slow }))
                .Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "times",
            Assert
                .Throws<ArgumentException>(() =>
                    Server.Faults.Add(new SandboxFault { Kind = FaultKind.Hold, Times = 0 })
                )
                .Message,
            StringComparison.Ordinal
        );
    }
}
