using System.Diagnostics;
using Npgsql;

namespace Vault.Host.Tests.EndToEnd;

/// <summary>
/// A database of its own on the PostgreSQL that ./scripts/test started, or that this run starts with ./scripts/pg. No
/// PostgreSQL is a failure, not a skip.
/// </summary>
internal static class TestDatabase
{
    private static readonly Lazy<Task<string>> Server = new(FindServerAsync);

    public static async Task<string> CreateAsync()
    {
        var server = await Server.Value;
        var name = "e2e_" + Guid.NewGuid().ToString("N");
        await using var connection = new NpgsqlConnection(server);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"create database {name}", connection);
        await command.ExecuteNonQueryAsync();
        return new NpgsqlConnectionStringBuilder(server) { Database = name }.ConnectionString;
    }

    private static async Task<string> FindServerAsync()
    {
        if (Environment.GetEnvironmentVariable("VAULT_TEST_POSTGRES") is { Length: > 0 } given)
            return given;
        using var start = Process.Start(
            new ProcessStartInfo(Path.Combine(Conventions.Repository.Root, "scripts", "pg"), "start --fast")
            {
                RedirectStandardOutput = true,
            }
        )!;
        var text = await start.StandardOutput.ReadToEndAsync();
        await start.WaitForExitAsync();
        Assert.Equal(0, start.ExitCode);
        return text.Trim();
    }
}
