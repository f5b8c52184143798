using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Vault.Campaigns.Lab;
using Vault.Sandbox.Grants;

namespace Vault.Campaigns.Faults;

/// <summary>Many accounts at once, beside the few that are always under load.</summary>
internal sealed class Crowd : IDisposable
{
    private const int Lanes = 24;

    private readonly LabWorld _world;
    private readonly string _prefix;
    private readonly IReadOnlyList<MintedGrant> _grants;
    private readonly HttpClient _http = new(new SocketsHttpHandler { MaxConnectionsPerServer = 2_000 })
    {
        Timeout = TimeSpan.FromSeconds(110),
    };

    private Crowd(LabWorld world, string prefix, int accounts, bool expired)
    {
        (_world, _prefix) = (world, prefix);
        var seed = new GrantSeed { Subject = prefix + "-{n}", AccessExpiresInSeconds = expired ? 0 : 3_600 };
        _grants = world.Sandbox.Grants.MintMany(seed, accounts);
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", world.AdminKey);
    }

    public int Accounts => _grants.Count;

    public IReadOnlyList<GrantSnapshot> Grants => [.. _grants.Select(g => _world.Sandbox.Grants.Get(g.GrantId))];

    /// <param name="world">Where.</param>
    /// <param name="prefix">Of the names of its users.</param>
    /// <param name="accounts">How many.</param>
    /// <param name="left">How long their access tokens live as the vault is told; negative: expired.</param>
    /// <param name="cancellationToken">Stops.</param>
    public static async Task<Crowd> ConnectAsync(
        LabWorld world,
        string prefix,
        int accounts,
        TimeSpan left,
        CancellationToken cancellationToken
    )
    {
        var crowd = new Crowd(world, prefix, accounts, left < TimeSpan.Zero);
        var expires = (DateTimeOffset.UtcNow + left).ToString("O", CultureInfo.InvariantCulture);
        await crowd.EachAsync(
            async (i, stop) =>
            {
                var grant = crowd._grants[i];
                var credential = new
                {
                    type = "oauth_tokens",
                    access_token = grant.AccessToken,
                    refresh_token = grant.RefreshToken,
                    expires_at = expires,
                };
                var made = await crowd.PostAsync(
                    i,
                    "/v1/connected_accounts",
                    new
                    {
                        organization_id = world.Organization.Value,
                        user_id = $"{prefix}-{i}",
                        connection = world.Options.Provider,
                        scopes = grant.Scope.Split(' '),
                        credential,
                    },
                    stop
                );
                if (made.Status is not (HttpStatusCode.Created or HttpStatusCode.OK))
                    throw new LabException($"An account cannot be connected: {made}");
            },
            cancellationToken
        );
        return crowd;
    }

    /// <summary>Does something for each account, some at a time.</summary>
    public Task EachAsync(Func<int, CancellationToken, Task> work, CancellationToken cancellationToken) =>
        Parallel.ForEachAsync(
            Enumerable.Range(0, Accounts),
            new ParallelOptions { MaxDegreeOfParallelism = Lanes, CancellationToken = cancellationToken },
            async (i, stop) => await work(i, stop)
        );

    /// <summary>One read for an account, through one host after the other.</summary>
    public Task<(HttpStatusCode Status, string? Code)> ExecuteAsync(int i, CancellationToken cancellationToken) =>
        PostAsync(
            i,
            "/v1/execute_tool",
            new
            {
                organization_id = _world.Organization.Value,
                user_id = $"{_prefix}-{i % Accounts}",
                tool_name = _world.Options.Provider + "_get_profile",
                tool_input = new { },
            },
            cancellationToken
        );

    public void Dispose() => _http.Dispose();

    private async Task<(HttpStatusCode Status, string? Code)> PostAsync(
        int i,
        string path,
        object body,
        CancellationToken cancellationToken
    )
    {
        var url = new Uri(new Uri(_world.Hosts[i % _world.Hosts.Count].Url), path);
        using var answer = await _http.PostAsJsonAsync(url, body, cancellationToken);
        if (answer.IsSuccessStatusCode)
            return (answer.StatusCode, null);
        using var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(cancellationToken));
        var (code, detail) = (problem.RootElement.GetProperty("code"), problem.RootElement.GetProperty("detail"));
        return (answer.StatusCode, $"{code.GetString()}: {detail.GetString()}");
    }
}
