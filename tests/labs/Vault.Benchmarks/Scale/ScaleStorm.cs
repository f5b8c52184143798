using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Vault.Benchmarks.Load;
using Vault.Benchmarks.Rig;

namespace Vault.Benchmarks.Scale;

/// <summary>
/// Accounts whose access tokens all ended at one moment, and a caller for each at once: every call refreshes its
/// account first.
/// </summary>
internal static class ScaleStorm
{
    public static async Task RunAsync(
        VaultRig host,
        SandboxRig sandbox,
        IReadOnlyList<LoadedAccount> accounts,
        ScaleFigures figures,
        CancellationToken cancellationToken
    )
    {
        using var http = new HttpClient(
            new SocketsHttpHandler
            {
                MaxConnectionsPerServer = accounts.Count,
                PooledConnectionIdleTimeout = TimeSpan.FromMinutes(5),
            }
        )
        {
            Timeout = TimeSpan.FromSeconds(100),
        };
        // Agents hold their connections open; making a thousand is not what is measured.
        await Task.WhenAll(
            accounts.Select(async _ =>
                (await http.GetAsync(new Uri(host.Url, "/health/live"), cancellationToken)).Dispose()
            )
        );
        var before = await CountersAsync();
        var (times, refused) = (new double[accounts.Count], 0);
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var calls = accounts
            .Index()
            .Select(async account =>
            {
                var (index, item) = account;
                var prepared = PreparedRequest.Execute(
                    "read",
                    "/v1/execute_tool",
                    host.Key,
                    item.Key.Organization.Value,
                    item.Key.User.Value,
                    "sandbox_single_use_"
                );
                using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(host.Url, prepared.Path))
                {
                    Content = new StringContent(prepared.Body, System.Text.Encoding.UTF8, "application/json"),
                };
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", prepared.Token);
                await go.Task;
                var at = Stopwatch.GetTimestamp();
                using var answer = await http.SendAsync(request, cancellationToken);
                times[index] = Stopwatch.GetElapsedTime(at).TotalMilliseconds;
                if (!answer.IsSuccessStatusCode)
                    Interlocked.Increment(ref refused);
            })
            .ToList();
        go.SetResult();
        await Task.WhenAll(calls);
        var after = await CountersAsync();
        var what = $"{accounts.Count:#,0} callers of as many accounts that expired at once";
        figures.Add("storm_p50_ms", ScaleFigures.Percentile(times, 0.5), $"ms to an answer, {what}");
        figures.Add("storm_max_ms", times.Max(), "ms until the last of them was answered");
        figures.Add("storm_refused", refused, "of them not answered with 200");
        figures.Add(
            "storm_refreshes",
            after.Refreshes - before.Refreshes,
            "refreshes at the provider; one per account is right"
        );
        figures.Add(
            "storm_refreshes_refused",
            after.Refused - before.Refused,
            "refreshes the provider refused; each would be a token presented twice"
        );

        async Task<(long Refreshes, long Refused)> CountersAsync()
        {
            var counters = await http.GetFromJsonAsync<JsonElement>(
                new Uri(sandbox.Url, "/_control/counters"),
                cancellationToken
            );
            return (counters.GetProperty("refreshes").GetInt64(), counters.GetProperty("refreshes_refused").GetInt64());
        }
    }
}
