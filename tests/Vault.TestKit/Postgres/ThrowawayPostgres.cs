using System.Diagnostics;
using Npgsql;

namespace Vault.TestKit.Postgres;

/// <summary>
/// The PostgreSQL server of a test run: the one in <c>VAULT_TEST_POSTGRES</c> (a connection string that may create
/// databases), otherwise one that <c>scripts/pg</c> starts for this process and that stops when the process ends.
/// Without a server the tests fail; they are never skipped.
/// </summary>
public static class ThrowawayPostgres
{
    private static readonly Lazy<Task<string>> Server = new(StartAsync);
    private static int _count;

    /// <summary>An administrator's connection string.</summary>
    public static Task<string> ServerAsync() => Server.Value;

    /// <summary>Creates an empty database and returns an administrator's connection string to it.</summary>
    public static async Task<string> CreateDatabaseAsync(string purpose, string? owner = null)
    {
        var server = new NpgsqlConnectionStringBuilder(await ServerAsync());
        var name = $"vault_{purpose}_{Environment.ProcessId}_{Interlocked.Increment(ref _count)}".ToLowerInvariant();
        await ExecuteAsync(server.ToString(), $"create database {name}{(owner is null ? "" : " owner " + owner)}");
        server.Database = name;
        return server.ToString();
    }

    public static async Task ExecuteAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<string> StartAsync()
    {
        if (Environment.GetEnvironmentVariable("VAULT_TEST_POSTGRES") is { Length: > 0 } given)
            return given;
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "Vault.Orleans.sln")))
            root = root.Parent;
        if (root is null)
            throw new InvalidOperationException("The tests run outside the repository; set VAULT_TEST_POSTGRES.");

        var start = new ProcessStartInfo(Path.Combine(root.FullName, "scripts", "pg"))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (
            var argument in new[]
            {
                "start",
                "--fast",
                "--with",
                Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture),
            }
        )
            start.ArgumentList.Add(argument);
        start.Environment["VAULT_PG_DIR"] = Directory.CreateTempSubdirectory("vault-pg-").FullName;
        using var process = Process.Start(start)
            ?? throw new InvalidOperationException("scripts/pg could not be started.");
        var (output, error) = (process.StandardOutput.ReadLineAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return process.ExitCode == 0 && await output is { Length: > 0 } url
            ? url + ";Include Error Detail=true"
            : throw new InvalidOperationException("scripts/pg could not start PostgreSQL: " + await error);
    }
}
