using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Vault.Host.Tests.EndToEnd;
using Vault.Host.Tests.Processes;

namespace Vault.Host.Tests.Cluster;

/// <summary>The silo on SQLite: every account is a grain on it, and it listens for HTTP and nothing else.</summary>
public sealed class AloneTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vault-alone-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task It_opens_no_port_but_the_one_for_http()
    {
        using var silo = await SiloProcess.StartAloneAsync(_folder);
        using var client = silo.Client(silo.FirstKey!);
        var made = await client.PostAsJsonAsync(
            new Uri("/v1/organizations", UriKind.Relative),
            new { display_name = "Acme" }
        );
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);

        Assert.Equal([new Uri(silo.Url).Port], ListeningPorts(silo.Id));
        Assert.Equal(0, await silo.DrainAsync());
    }

    [Fact]
    public async Task An_account_that_was_called_is_an_active_grain()
    {
        await using var world = await World.StartAsync();
        Assert.Equal(0, await AccountGrainsAsync(world));
        var organization = await ClusterTests.AccountAsync(world, DateTimeOffset.UtcNow.AddHours(1));
        for (var i = 0; i < 3; i++)
            Assert.Equal(
                HttpStatusCode.OK,
                (await world.ExecuteAsync(organization, "ada", "sandbox_single_use_get_profile")).Status
            );

        Assert.Equal(1, await AccountGrainsAsync(world));
    }

    private static async Task<int> AccountGrainsAsync(World world)
    {
        var cluster = await world.GetAsync("/v1/cluster");
        var host = Assert.Single(cluster.Json.GetProperty("hosts").EnumerateArray());
        return host.GetProperty("grains")
            .EnumerateArray()
            .Where(g => g.GetProperty("type").GetString() == "connected_account")
            .Sum(g => g.GetProperty("activations").GetInt32());
    }

    // What ss(8) reads: the sockets of the process, and the tables of all listening sockets (state 0A) with their
    // inodes.
    private static int[] ListeningPorts(int process)
    {
        var sockets = Directory.EnumerateFiles($"/proc/{process}/fd").Select(TargetOf).ToHashSet();
        return
        [
            .. new[] { "tcp", "tcp6" }
                .SelectMany(t => File.ReadLines($"/proc/{process}/net/{t}").Skip(1))
                .Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Where(c => c[3] == "0A" && sockets.Contains($"socket:[{c[9]}]"))
                .Select(c =>
                    int.Parse(
                        c[1].AsSpan(c[1].LastIndexOf(':') + 1),
                        NumberStyles.HexNumber,
                        CultureInfo.InvariantCulture
                    )
                )
                .Order(),
        ];
    }

    // A process opens and closes files while they are listed.
    private static string TargetOf(string file)
    {
        try
        {
            return File.ResolveLinkTarget(file, false)?.Name ?? "";
        }
        catch (FileNotFoundException)
        {
            return "";
        }
    }
}
