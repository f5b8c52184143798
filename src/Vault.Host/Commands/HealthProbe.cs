using System.Net;
using System.Text.Json;
using Vault.Host.Options;

namespace Vault.Host.Commands;

/// <summary>
/// Asks the host with the same options whether it is ready. Containers and supervisors use it, because it needs neither
/// a shell nor curl.
/// </summary>
public static class HealthProbe
{
    // Exceeds the time that the host waits for its store (Readiness).
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    public static async Task<int> RunAsync(VaultOptions options, TextWriter to, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(to);
        var url = Url(options.Listen);

        // The host is on this machine, so no proxy of the environment applies.
        using var handler = new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false };
        using var http = new HttpClient(handler) { Timeout = Timeout, MaxResponseContentBufferSize = 64 * 1024 };
        try
        {
            using var response = await http.GetAsync(url, cancellationToken);
            if (response.StatusCode == HttpStatusCode.OK)
            {
                await to.WriteLineAsync("ready");
                return 0;
            }

            var body = await response.Content.ReadAsStringAsync(cancellationToken);
            await to.WriteLineAsync($"{url} responds with {(int)response.StatusCode}{Detail(body)}");
        }
        catch (HttpRequestException e)
        {
            await to.WriteLineAsync($"{url} does not respond: {e.Message}");
        }
        catch (TaskCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            await to.WriteLineAsync($"{url} does not respond within {Timeout.TotalSeconds:0} seconds");
        }

        return 1;
    }

    // A host that listens on every address is reached on loopback. It speaks HTTP; a proxy terminates TLS.
    private static Uri Url(Uri listen)
    {
        if (listen.Port == 0)
            throw new StartException(
                "health needs the port, but VAULT_LISTEN (--listen) has port 0, which lets the system choose one."
            );
        var host = listen.Host switch
        {
            "0.0.0.0" => "127.0.0.1",
            "[::]" => "[::1]",
            var given => given,
        };
        return new UriBuilder("http", host, listen.Port, "/health/ready").Uri;
    }

    private static string Detail(string body)
    {
        try
        {
            return JsonElement.Parse(body).TryGetProperty("detail", out var detail) ? ": " + detail : "";
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return "";
        }
    }
}
