using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Vault.Campaigns.Lab;
using Vault.Sandbox.Grants;

namespace Vault.Campaigns.Faults;

/// <summary>Nothing is broken; only many come at once, through all gateways. Counted at the provider.</summary>
public static class ClusterCrowds
{
    public static readonly IReadOnlyList<StoreFault> All =
    [
        new("200 executions at once on one expired account", false, (world, stop) => ExpiredAsync(world, "storm", 1, 200, stop)),
        new("1,000 accounts expire at once, one execution each", false, (world, stop) => ExpiredAsync(world, "crowd", 1_000, 1_000, stop)),
    ];

    private static async Task<string> ExpiredAsync(LabWorld world, string prefix, int accounts, int executions, CancellationToken cancellationToken)
    {
        using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 2_000 }) { Timeout = TimeSpan.FromSeconds(110) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", world.AdminKey);
        var grants = world.Sandbox.Grants.MintMany(new GrantSeed { Subject = prefix + "-{n}", AccessExpiresInSeconds = 0 }, accounts);
        await Parallel.ForEachAsync(Enumerable.Range(0, accounts), new ParallelOptions { MaxDegreeOfParallelism = 24, CancellationToken = cancellationToken }, async (i, stop) =>
        {
            var made = await PostAsync(i, "/v1/connected_accounts", new
            {
                organization_id = world.Organization.Value, user_id = $"{prefix}-{i}", connection = world.Options.Provider, scopes = grants[i].Scope.Split(' '),
                credential = new { type = "oauth_tokens", access_token = grants[i].AccessToken, refresh_token = grants[i].RefreshToken, expires_at = DateTimeOffset.UtcNow.AddMinutes(-1).ToString("O") },
            });
            if (made.Status is not (HttpStatusCode.Created or HttpStatusCode.OK)) throw new LabException($"An account cannot be connected: {made}");
        });

        var before = grants.Sum(g => world.Sandbox.Grants.Get(g.GrantId).Refreshes);
        var watch = Stopwatch.StartNew();
        var tool = new { organization_id = world.Organization.Value, tool_name = world.Options.Provider + "_get_profile", tool_input = new { } };
        var answers = await Task.WhenAll(Enumerable.Range(0, executions).Select(i => PostAsync(i, "/v1/execute_tool", new { tool.organization_id, user_id = $"{prefix}-{i % accounts}", tool.tool_name, tool.tool_input })));
        var took = watch.Elapsed;
        var after = grants.Select(g => world.Sandbox.Grants.Get(g.GrantId)).ToList();
        var (refreshes, replays) = (after.Sum(g => g.Refreshes), after.Sum(g => g.RefreshReplays));
        foreach (var kind in answers.Where(a => a.Status != HttpStatusCode.OK).GroupBy(a => (a.Status, a.Code))) world.Violations.Enqueue($"{kind.Count()} executions were answered {(int)kind.Key.Status} {kind.Key.Code}");
        if (refreshes != accounts || after.Any(g => g.Refreshes != 1)) world.Violations.Enqueue($"{refreshes} refreshes of {accounts} accounts");
        if (replays != 0) world.Violations.Enqueue($"{replays} replays");
        return $"{answers.Count(a => a.Status == HttpStatusCode.OK)} of {executions} answered with data in {took.TotalSeconds:0.0} s, {refreshes} refreshes ({before} before the first call), {replays} replays";

        async Task<(HttpStatusCode Status, string? Code)> PostAsync(int i, string path, object body)
        {
            using var answer = await http.PostAsJsonAsync(new Uri(new Uri(world.Hosts[i % world.Hosts.Count].Url), path), body, cancellationToken);
            if (answer.IsSuccessStatusCode) return (answer.StatusCode, null);
            using var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(cancellationToken));
            return (answer.StatusCode, problem.RootElement.GetProperty("code").GetString() + ": " + problem.RootElement.GetProperty("detail").GetString());
        }
    }
}
