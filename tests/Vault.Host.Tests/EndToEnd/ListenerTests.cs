using System.Net.Sockets;
using System.Text;
using Vault.TestKit;

namespace Vault.Host.Tests.EndToEnd;

/// <summary>A host as it stands behind a TLS proxy.</summary>
public sealed class ListenerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vault-listener-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("https://vault.example.com", true)]
    [InlineData(null, false)]
    public async Task A_vault_that_is_reached_over_TLS_tells_browsers_to_stay_there(string? publicUrl, bool says)
    {
        await using var host = await StartAsync(publicUrl);
        using var client = World.NewClient(host.Url, null);
        foreach (var path in (string[])["/health/live", "/v1/organizations", "/nowhere", "/docs"])
        {
            using var answer = await client.GetAsync(new Uri(path, UriKind.Relative));
            Assert.Equal(says, answer.Headers.Contains("Strict-Transport-Security"));
        }

        await host.StopAsync(CancellationToken.None);
    }

    [Theory]
    [InlineData("GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 200")]
    [InlineData("GET /health/live HTTP/1.1\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 400")]
    [InlineData("GET /health/live HTTP/1.1\r\nHost: x\nConnection: close\r\n\r\n", "HTTP/1.1 400")]
    public async Task A_bare_line_feed_ends_no_line(string request, string expected)
    {
        await using var host = await StartAsync(null);
        using var tcp = new TcpClient();
        await tcp.ConnectAsync("127.0.0.1", new Uri(host.Url).Port);
        await using var stream = tcp.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request));
        using var reader = new StreamReader(stream, Encoding.ASCII);
        Assert.StartsWith(expected, await reader.ReadToEndAsync(), StringComparison.Ordinal);
        await host.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task The_lock_of_the_data_folder_is_its_owners_only()
    {
        if (OperatingSystem.IsWindows())
            return;

        // As an earlier version left it.
        var held = Path.Combine(_folder, "host.lock");
        await File.WriteAllTextAsync(held, "");
        File.SetUnixFileMode(held, (UnixFileMode)0b110_100_100);
        await using var host = await StartAsync(null);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(held));
        await host.StopAsync(CancellationToken.None);
    }

    private async Task<VaultHost> StartAsync(string? publicUrl)
    {
        string[] at = publicUrl is null ? [] : ["--public-url", publicUrl];
        var host = await HostUnderTest.CreateAsync(
            [
                "--listen",
                "http://127.0.0.1:" + FreePorts.Next(),
                "--environment",
                "development",
                "--data",
                _folder,
                .. at,
            ],
            static _ => { }
        );
        (await host.StartAsync(CancellationToken.None))?.Dispose();
        return host;
    }
}
