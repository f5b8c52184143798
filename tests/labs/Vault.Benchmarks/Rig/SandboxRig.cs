using System.Net.Http.Json;
using System.Text.Json;

namespace Vault.Benchmarks.Rig;

/// <summary>A grant that the sandbox minted.</summary>
internal sealed record Grant(string AccessToken, string RefreshToken, string Scope);

/// <summary>The upstream: the sandbox provider of this repository, in a process of its own.</summary>
internal sealed class SandboxRig : IAsyncDisposable
{
    /// <summary>Longer than any run: a refresh in the middle would be measured as something else.</summary>
    public const int TokenSeconds = 86_400;

    private readonly ChildProcess _process;

    private SandboxRig(ChildProcess process, Uri url) => (_process, Url) = (process, url);

    public Uri Url { get; }

    public string Origin => Url.GetLeftPart(UriPartial.Authority);

    public int ProcessId => _process.Id;

    public IReadOnlyList<Grant> Grants { get; private set; } = [];

    public static async Task<SandboxRig> StartAsync(HttpClient http, int grants, CancellationToken cancellationToken)
    {
        var url = Checkout.FreeUrl();
        var arguments = new[]
        {
            Checkout.Program("src/Vault.Sandbox", "Vault.Sandbox"),
            "--urls",
            url.GetLeftPart(UriPartial.Authority),
            "--rotation",
            "single_use",
            "--access-token-seconds",
            TokenSeconds.ToString(System.Globalization.CultureInfo.InvariantCulture),
        };
        var rig = new SandboxRig(ChildProcess.Start("the sandbox", "dotnet", arguments, []), url);
        try
        {
            await rig._process.ReadyAsync(http, new Uri(url, "/_control/counters"), cancellationToken);
            using var minted = await http.PostAsJsonAsync(
                new Uri(url, "/_control/grants"),
                new { count = grants, subject = "user-{n}" },
                cancellationToken
            );
            minted.EnsureSuccessStatusCode();
            var json = await minted.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
            rig.Grants =
            [
                .. json.GetProperty("items")
                    .EnumerateArray()
                    .Select(g => new Grant(
                        g.GetProperty("access_token").GetString()!,
                        g.GetProperty("refresh_token").GetString()!,
                        g.GetProperty("scope").GetString()!
                    )),
            ];
            return rig;
        }
        catch
        {
            await rig.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Forgets what writes have made. It keeps a bounded number of items, so that a long run of writes would push out
    /// the one that reads ask for.
    /// </summary>
    public async Task ForgetItemsAsync(HttpClient http, CancellationToken cancellationToken)
    {
        using var answer = await http.PostAsJsonAsync(
            new Uri(Url, "/_control/reset"),
            new { items = true },
            cancellationToken
        );
        answer.EnsureSuccessStatusCode();
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
