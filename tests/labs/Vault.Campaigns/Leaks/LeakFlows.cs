using System.Globalization;
using System.Net.Http.Json;
using Microsoft.Data.Sqlite;
using Vault.Campaigns.Lab;
using Vault.Sandbox.Clients;
using Vault.Sandbox.Faults;
using Vault.Sandbox.Grants;
using Vault.TestKit;

namespace Vault.Campaigns.Leaks;

/// <summary>Sends recognisable credentials through every flow, error, crash and timeout.</summary>
internal sealed class LeakFlows(LabWorld world, List<byte[]> pages, string keptSpool)
{
    public async Task RunAsync(bool quick, CancellationToken cancellationToken)
    {
        await using (var load = new Load(world, 1))
        {
            var rounds = quick ? 1 : 3;
            await Eventually.UntilAsync(
                () =>
                    world.Sandbox.Counters.Refreshes >= rounds * world.Accounts.Count
                    && load.WritesAcknowledged.Count >= rounds,
                () => $"{world.Sandbox.Counters.Refreshes} refreshes, {load.WritesAcknowledged.Count} writes",
                cancellationToken: cancellationToken
            );
            await ConsentAsync(cancellationToken);
            await ErrorsAsync(cancellationToken);
            await ProviderTroubleAsync(quick, cancellationToken);
            await CrashAsync(cancellationToken);
            if (!quick)
                await SpoolAsync(cancellationToken);
            await load.StopAsync();
        }

        var account = world.Accounts[^1];
        await world.PostAsync(
            0,
            $"/v1/connected_accounts/{account.Id}:revoke",
            new { organization_id = world.Organization.Value },
            cancellationToken
        );
    }

    /// <summary>Link, consent page, code, tokens; as a browser does it.</summary>
    private async Task ConsentAsync(CancellationToken cancellationToken)
    {
        world.Sandbox.Clients.Update(SandboxClient.DemoId, client =>
            client with
            {
                RedirectUris = [world.Hosts[0].Url + "/oauth/callback"],
            }
        );
        var link = await world.PostAsync(
            0,
            "/v1/connected_accounts:link",
            new
            {
                organization_id = world.Organization.Value,
                user_id = "by-hand",
                connection = world.Options.Provider,
            },
            cancellationToken
        );
        var url = new Uri(link["link"] ?? throw new LabException($"No link: {link}"));
        using var browser = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        await GetAsync(browser, url, cancellationToken);
        using var consent = await browser.PostAsync(url, null, cancellationToken);
        pages.Add(await consent.Content.ReadAsByteArrayAsync(cancellationToken));
        var provider = consent.Headers.Location
            ?? throw new LabException($"The connect page does not lead on: {(int)consent.StatusCode}");
        using var decided = await browser.GetAsync(
            new Uri(provider + "&auto=approve&identity=alice"),
            cancellationToken
        );
        var back = decided.Headers.Location
            ?? throw new LabException($"The provider does not lead back: {(int)decided.StatusCode}");
        await GetAsync(browser, back, cancellationToken);
    }

    private async Task GetAsync(HttpClient browser, Uri url, CancellationToken cancellationToken)
    {
        using var page = await browser.GetAsync(url, cancellationToken);
        pages.Add(await page.Content.ReadAsByteArrayAsync(cancellationToken));
    }

    /// <summary>Credentials in requests that are refused: a refusal must not repeat what it refuses.</summary>
    private async Task ErrorsAsync(CancellationToken cancellationToken)
    {
        var grant = world.Sandbox.Grants.Mint(new GrantSeed { Subject = "refused" });
        var organization = world.Organization.Value;
        object[] wrong =
        [
            new
            {
                organization_id = organization,
                user_id = "x",
                connection = world.Options.Provider,
                credential = new
                {
                    type = "oauth_tokens",
                    access_token = grant.AccessToken,
                    refresh_token = 12,
                },
            },
            new
            {
                organization_id = organization,
                user_id = "x",
                connection = world.Options.Provider,
                credential = new { type = grant.AccessToken, refresh_token = grant.RefreshToken },
            },
            new
            {
                organization_id = organization,
                user_id = "x",
                connection = grant.AccessToken,
                credential = grant.RefreshToken,
            },
            new
            {
                organization_id = grant.AccessToken,
                user_id = "x",
                connection = world.Options.Provider,
            },
            new
            {
                organization_id = organization,
                user_id = "x",
                connection = "nowhere",
                credential = new
                {
                    type = "oauth_tokens",
                    access_token = grant.AccessToken,
                    refresh_token = grant.RefreshToken,
                },
            },
        ];
        foreach (var body in wrong)
            await world.PostAsync(0, "/v1/connected_accounts", body, cancellationToken);
        await world.PostAsync(
            0,
            "/v1/connections",
            new
            {
                organization_id = organization,
                provider = world.Options.Provider,
                name = "again",
                client_id = "demo-client",
                client_secret = "demo-secret",
                parameters = new { base_url = "demo-secret" },
            },
            cancellationToken
        );

        // Not refused: an answer that is kept for its idempotency key, and an output too large for the answer.
        using var twice = new HttpRequestMessage(HttpMethod.Post, "/v1/organizations")
        {
            Content = JsonContent.Create(new { display_name = "Twice" }),
        };
        twice.Headers.Add("Idempotency-Key", "once-and-again");
        using var kept = await world.Hosts[0].Client.SendAsync(twice, cancellationToken);
        await world.PostAsync(
            0,
            "/v1/execute_tool",
            new
            {
                organization_id = organization,
                user_id = world.Accounts[0].User,
                tool_name = world.Options.Provider + "_list_items",
                tool_input = new { },
            },
            cancellationToken
        );
        await world.PostAsync(
            0,
            "/v1/execute_tool",
            new
            {
                organization_id = organization,
                user_id = world.Accounts[0].User,
                tool_name = "no_such_tool",
                tool_input = new { token = grant.AccessToken },
            },
            cancellationToken
        );
    }

    /// <summary>
    /// A provider that refuses and repeats the token in its words, that answers nonsense, cuts, and takes too long.
    /// </summary>
    private async Task ProviderTroubleAsync(bool quick, CancellationToken cancellationToken)
    {
        var token = world.Sandbox.Grants.Mint(new GrantSeed { Subject = "repeated" }).RefreshToken!;
        SandboxFault[] troubles =
        [
            new()
            {
                Kind = FaultKind.ErrorBody,
                Target = FaultTarget.Token,
                Times = 2,
                Error = "temporarily",
                ErrorDescription = $"the token {token} is being looked at",
            },
            new()
            {
                Kind = FaultKind.ServerError,
                Target = FaultTarget.Token,
                Times = 2,
                Error = token,
                ErrorDescription = token,
            },
            new()
            {
                Kind = FaultKind.MalformedJson,
                Target = FaultTarget.Token,
                Times = 1,
            },
            new()
            {
                Kind = FaultKind.DropAfter,
                Target = FaultTarget.Token,
                Times = 1,
            },
            new()
            {
                Kind = FaultKind.EarlyUnauthorized,
                Target = FaultTarget.Api,
                Times = 2,
            },
            .. quick
                ? []
                : new[]
                {
                    new SandboxFault
                    {
                        Kind = FaultKind.Slow,
                        Target = FaultTarget.Token,
                        Times = 2,
                        DelayMs = 4_000,
                    },
                },
        ];
        foreach (var trouble in troubles)
        {
            world.Sandbox.Faults.Add(trouble);
            await Task.WhenAll(world.Accounts.Take(3).Select(a => world.RefreshAsync(0, a, cancellationToken)));
            await world.ExecuteAsync(0, world.Accounts[0], write: false, cancellationToken);
        }
    }

    /// <summary>The process dies with a reply in its hands, and starts again.</summary>
    private async Task CrashAsync(CancellationToken cancellationToken)
    {
        var host = world.Hosts[0];
        host.Arm("reply_sealed", "KILL");
        await Eventually.UntilAsync(() => host.HasExited, host.Tail, cancellationToken: cancellationToken);
        host.Start();
        await host.ReadyAsync(cancellationToken);
    }

    /// <summary>
    /// The store is away when a reply is to be committed; what the spool holds is kept for the search.
    /// </summary>
    private async Task SpoolAsync(CancellationToken cancellationToken)
    {
        var host = world.Hosts[0];
        host.Arm("reply_sealed", "STOP");
        await Eventually.UntilAsync(
            () => host.Reached() is not null,
            host.Tail,
            pause: HostProcess.Moment,
            cancellationToken: cancellationToken
        );
        SqliteConnection? locked = null;
        if (world.Server is { } server)
        {
            await server.CrashAsync(cancellationToken);
        }
        else
        {
            locked = new SqliteConnection(
                new SqliteConnectionStringBuilder
                {
                    DataSource = Path.Combine(host.Data, "vault.db"),
                    Pooling = false,
                }.ToString()
            );
            await locked.OpenAsync(cancellationToken);
            await using var begin = locked.CreateCommand();
            begin.CommandText = "pragma busy_timeout = 30000; begin immediate";
            await begin.ExecuteNonQueryAsync(cancellationToken);
        }

        host.Send(Signal.Continue);
        var spool = Path.Combine(host.Data, "spool");
        await Eventually.UntilAsync(
            () => Directory.GetFiles(spool, "*.reply").Length > 0,
            host.Tail,
            pause: HostProcess.Moment,
            cancellationToken: cancellationToken
        );
        Directory.CreateDirectory(keptSpool);
        foreach (var (file, i) in Directory.GetFiles(spool, "*.reply").Select((f, i) => (f, i)))
            File.Copy(file, Path.Combine(keptSpool, i.ToString(CultureInfo.InvariantCulture) + ".reply"));
        if (locked is not null)
            await locked.DisposeAsync();
        if (world.Server is not null)
            await world.Server.StartAgainAsync(cancellationToken);
        await Eventually.UntilAsync(
            () => Directory.GetFiles(spool, "*.reply").Length == 0,
            host.Tail,
            cancellationToken: cancellationToken
        );
    }
}
