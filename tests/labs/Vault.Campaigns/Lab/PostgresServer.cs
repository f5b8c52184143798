using System.Diagnostics;
using System.Globalization;
using Npgsql;
using Vault.TestKit;

namespace Vault.Campaigns.Lab;

/// <summary>
/// A throw-away PostgreSQL with its default durability, that can be stopped, crashed and started again on its data.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private readonly string _folder;

    private PostgresServer(string folder, string url) => (_folder, Url) = (folder, url);

    /// <summary>The administrator's connection string; the same after a restart.</summary>
    public string Url { get; }

    /// <summary>The server's first process.</summary>
    public int ServerId { get; private set; }

    public static async Task<PostgresServer> StartAsync(string folder, CancellationToken cancellationToken)
    {
        var server = new PostgresServer(
            folder,
            await ScriptAsync(
                folder,
                ["start", "--with", Environment.ProcessId.ToString(CultureInfo.InvariantCulture)],
                cancellationToken
            )
        );
        await server.LearnAsync(cancellationToken);
        return server;
    }

    public async Task<string> CreateDatabaseAsync(string name, CancellationToken cancellationToken)
    {
        await ExecuteAsync($"create database {name}", cancellationToken);
        return new NpgsqlConnectionStringBuilder(Url) { Database = name }.ToString();
    }

    public async Task<int> ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(Url) { Pooling = false }.ToString()
        );
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>
    /// Stops it without a checkpoint, as a crash does; the next start recovers from the write-ahead log.
    /// </summary>
    public async Task CrashAsync(CancellationToken cancellationToken)
    {
        Signals.Send(ServerId, Signal.Quit);
        await Eventually.UntilAsync(
            () => !Directory.Exists($"/proc/{ServerId}") && !IsAlive(ServerId),
            () => $"process {ServerId}",
            cancellationToken: cancellationToken
        );
    }

    public async Task StartAgainAsync(CancellationToken cancellationToken)
    {
        await ScriptAsync(
            _folder,
            ["start", "--port", new NpgsqlConnectionStringBuilder(Url).Port.ToString(CultureInfo.InvariantCulture)],
            cancellationToken
        );
        await LearnAsync(cancellationToken);
    }

    /// <summary>The processes that write for the server beside its sessions, by what they do.</summary>
    public async Task<IReadOnlyList<int>> WritersAsync(CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(Url) { Pooling = false }.ToString()
        );
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(
            "select pid from pg_stat_activity where backend_type in ('walwriter', 'checkpointer', 'background writer')",
            connection
        );
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        List<int> writers = [];
        while (await reader.ReadAsync(cancellationToken))
            writers.Add(reader.GetInt32(0));
        return writers;
    }

    public async ValueTask DisposeAsync() => await ScriptAsync(_folder, ["stop"], CancellationToken.None);

    private async Task LearnAsync(CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(Url) { Pooling = false }.ToString()
        );
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(
            "select split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::int",
            connection
        );
        ServerId = (int)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private static bool IsAlive(int process)
    {
        try
        {
            using var there = Process.GetProcessById(process);
            return !there.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static async Task<string> ScriptAsync(
        string folder,
        string[] arguments,
        CancellationToken cancellationToken
    )
    {
        var start = new ProcessStartInfo(Path.Combine(Checkout.Root, "scripts", "pg"), arguments)
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        start.Environment["VAULT_PG_DIR"] = folder;
        using var script = Process.Start(start)!;
        var line = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);

        // The first line and not the whole stream: what the script leaves running holds the stream open.
        script.OutputDataReceived += (_, heard) => line.TrySetResult(heard.Data ?? "");
        script.BeginOutputReadLine();
        await Eventually.UntilAsync(
            () => script.HasExited,
            () => string.Join(' ', arguments),
            cancellationToken: cancellationToken
        );
        if (script.ExitCode != 0)
            throw new LabException("scripts/pg failed; its error is above.");
        return arguments[0] == "start" ? (await Eventually.DoneAsync(line.Task, () => "no line")).Trim() : "";
    }
}
