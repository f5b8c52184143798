using Npgsql;
using Vault.Host.Commands;
using Vault.Host.Options;
using Vault.Host.Tests.EndToEnd;
using Vault.TestKit;

namespace Vault.Host.Tests.Setup;

/// <summary>
/// vault-host health, as an image's health check uses it: the same options as the host, and an exit code.
/// </summary>
public sealed class HealthProbeTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vault-health-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_ready_host_is_0_one_whose_store_is_away_and_none_at_all_are_1()
    {
        var database = await TestDatabase.CreateAsync();
        string[] arguments =
        [
            "--listen",
            "http://127.0.0.1:" + FreePorts.Next(),
            "--data",
            _folder,
            "--environment",
            "development",
            "--store",
            "postgres",
            "--database",
            database,
        ];
        await using (var host = await HostUnderTest.CreateAsync(arguments, static _ => { }))
        {
            (await host.StartAsync(CancellationToken.None))?.Dispose();
            Assert.Equal((0, "ready"), await RunAsync(arguments));

            await AllowConnectionsAsync(database, allow: false);
            // The verdict of a moment ago is kept for a tenth of a second.
            var (exit, said) = await Eventually.UntilAsync(() => RunAsync(arguments), run => run.Exit != 0);
            await AllowConnectionsAsync(database, allow: true);
            await host.StopAsync(CancellationToken.None);
            Assert.Equal(1, exit);
            Assert.Contains("responds with 503: Not ready: store.", said, StringComparison.Ordinal);
        }

        var gone = await RunAsync(arguments);
        Assert.Equal(1, gone.Exit);
        Assert.Contains("does not respond", gone.Said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0.0.0.0", "127.0.0.1")]
    [InlineData("[::]", "[::1]")]
    public async Task A_host_that_listens_on_every_address_is_asked_on_loopback(string listen, string asked)
    {
        var port = FreePorts.Next();
        var (exit, said) = await RunAsync([
            "--listen",
            $"http://{listen}:{port}",
            "--allow-plain-http",
            "--public-url",
            "https://vault.example.com",
            "--data",
            _folder,
        ]);
        Assert.Equal(1, exit);
        Assert.StartsWith($"http://{asked}:{port}/health/ready does not respond", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_the_system_chooses_is_refused()
    {
        string[] arguments = ["--listen", "http://127.0.0.1:0", "--data", _folder];
        var refusal = await Assert.ThrowsAsync<StartException>(() => RunAsync(arguments));
        Assert.Contains("needs the port", refusal.Message, StringComparison.Ordinal);
    }

    private static async Task<(int Exit, string Said)> RunAsync(string[] arguments)
    {
        var (options, faults) = VaultOptions.Read(arguments, []);
        Assert.Empty(faults);
        await using var said = new StringWriter();
        var exit = await HostCommand.RunAsync(["health"], options!, said, CancellationToken.None);
        return (exit, said.ToString().Trim());
    }

    /// <summary>Without them the sessions that are open end too, as when the database's machine goes away.</summary>
    private static async Task AllowConnectionsAsync(string database, bool allow)
    {
        var builder = new NpgsqlConnectionStringBuilder(database);
        var name = builder.Database!;
        builder.Database = "postgres";
        await using var connection = new NpgsqlConnection(builder.ConnectionString);
        await connection.OpenAsync();
        var change = $"alter database {name} with allow_connections {(allow ? "true" : "false")}";
        var end = $"select pg_terminate_backend(pid, 30000) from pg_stat_activity where datname = '{name}'";
        foreach (var statement in allow ? [change] : new[] { change, end })
        {
            await using var command = new NpgsqlCommand(statement, connection);
            await command.ExecuteNonQueryAsync();
        }
    }
}
