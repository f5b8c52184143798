using System.Diagnostics;
using System.Net.Sockets;

namespace Vault.Sandbox.Tests;

public sealed class StartupTests
{
    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("192.168.1.10")]
    [InlineData("::")]
    [InlineData("example.com")]
    [InlineData("*")]
    public async Task An_address_others_can_reach_is_refused_with_the_fix(string host)
    {
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            SandboxServer.StartAsync(new SandboxOptions { Host = host })
        );
        Assert.Contains("listen on 127.0.0.1", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Production", null)]
    [InlineData("production", "Development")]
    [InlineData("Development", "Production")]
    [InlineData(null, "Production")]
    public void Production_in_either_variable_is_refused_with_the_fix(string? aspnetcore, string? dotnet)
    {
        var name = StartupRules.EnvironmentFrom(v => v == "ASPNETCORE_ENVIRONMENT" ? aspnetcore : dotnet);
        Assert.Contains(
            "unset ASPNETCORE_ENVIRONMENT",
            Assert.Single(StartupRules.Refusals(name, "127.0.0.1", 0)),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Development_on_loopback_may_start() =>
        Assert.Empty(StartupRules.Refusals("Development", "127.0.0.1", 0));

    [Fact]
    public async Task Ipv6_loopback_serves_under_its_own_name()
    {
        if (!Socket.OSSupportsIPv6)
        {
            Assert.Empty(StartupRules.Refusals(null, "::1", 0));
            return;
        }

        await using var server = await SandboxServer.StartAsync(new SandboxOptions { Host = "::1" });
        using var caller = new SandboxCaller(server);
        Assert.StartsWith("http://[::1]:", server.BaseUrl, StringComparison.Ordinal);
        Assert.Equal(server.BaseUrl, (await caller.GetAsync("/.well-known/oauth-authorization-server"))["issuer"]);
    }

    [Theory]
    [InlineData("Production", "--urls http://127.0.0.1:0", 1, "the environment is Production")]
    [InlineData("Development", "--urls http://0.0.0.0:0", 1, "is reachable from other machines")]
    [InlineData("Development", "--urls https://127.0.0.1:0", 2, "--urls")]
    [InlineData("Development", "--rotation sometimes", 2, "'sometimes' is not a value of --rotation")]
    [InlineData("Development", "--redirect-uri /relative", 2, "redirect_uris has '/relative'")]
    [InlineData("Development", "--port 9090", 2, "'--port' is not an option")]
    public async Task The_process_says_why_it_does_not_start(
        string environment,
        string arguments,
        int code,
        string reason
    )
    {
        using var process = Start(environment, arguments);
        try
        {
            // A sandbox that starts after all would serve for ever: the bound turns that into a failure.
            var error = await process.StandardError.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(60));
            await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
            Assert.Equal(code, process.ExitCode);
            Assert.Contains(reason, error, StringComparison.Ordinal);
        }
        finally
        {
            process.Kill();
        }
    }

    [Fact]
    public async Task The_process_says_in_one_line_what_it_is_and_where_and_serves()
    {
        using var process = Start(
            "Development",
            "--urls http://127.0.0.1:0 --access-token-seconds 1 --rotation single_use"
        );
        try
        {
            var line = await process.StandardOutput.ReadLineAsync();
            Assert.Contains("for development only", line, StringComparison.Ordinal);
            var url = line!.Split(' ').Single(w => w.StartsWith("http://127.0.0.1:", StringComparison.Ordinal));
            using var http = new HttpClient();
            Assert.Contains("Sandbox provider", await http.GetStringAsync(url), StringComparison.Ordinal);
            Assert.Contains(
                "\"rotation\":\"single_use\"",
                await http.GetStringAsync(url + "/_control/clients"),
                StringComparison.Ordinal
            );
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
    }

    [Fact]
    public async Task Stopping_lets_go_of_a_held_request()
    {
        var server = await SandboxServer.StartAsync();
        using var caller = new SandboxCaller(server);
        var hold = server.Faults.Add(new Sandbox.Faults.SandboxFault { Kind = Sandbox.Faults.FaultKind.Hold });
        var call = caller.TokenAsync(("grant_type", "client_credentials"));
        await hold.Gate.ReachedAsync();
        await server.DisposeAsync();
        await Assert.ThrowsAsync<HttpRequestException>(() => call);
    }

    [Fact]
    public void Nothing_that_carries_a_token_prints_it()
    {
        Assert.Equal(
            "MintedGrant g",
            new Sandbox.Grants.MintedGrant("g", "s", "sbx_at_x", "sbx_rt_x", 1, "").ToString()
        );
        Assert.DoesNotContain(
            "secret",
            new Sandbox.Clients.SandboxClient { ClientId = "c", ClientSecret = "secret" }.ToString(),
            StringComparison.Ordinal
        );
    }

    private static Process Start(string environment, string arguments)
    {
        var start = new ProcessStartInfo("dotnet", $"\"{typeof(SandboxServer).Assembly.Location}\" {arguments}")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["ASPNETCORE_ENVIRONMENT"] = environment;
        start.Environment.Remove("DOTNET_ENVIRONMENT");
        start.Environment.Remove("ASPNETCORE_URLS");
        return Process.Start(start)!;
    }
}
