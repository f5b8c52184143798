using System.Diagnostics;
using Npgsql;
using Vault.TestKit;

namespace Vault.Benchmarks.Rig;

/// <summary>
/// A throw-away PostgreSQL with its default durability: every commit is synced to disk before it is acknowledged.
/// </summary>
internal sealed class PostgresRig : IAsyncDisposable
{
    private readonly string _folder;
    private readonly NpgsqlDataSource _source;
    private readonly List<string> _databases = [];

    private PostgresRig(string folder, string url) =>
        (_folder, Url, _source) = (folder, url, NpgsqlDataSource.Create(url));

    public string Url { get; }

    /// <summary>The server's first process; its children serve the connections.</summary>
    public int ServerId { get; private set; }

    public string Version { get; private set; } = "";

    public static async Task<PostgresRig> StartAsync(string folder, CancellationToken cancellationToken)
    {
        var url = await ScriptAsync(
            folder,
            ["start", "--with", Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture)],
            cancellationToken
        );
        var rig = new PostgresRig(folder, url);
        try
        {
            await using var command = rig._source.CreateCommand(
                "select pg_backend_pid(), current_setting('server_version'), current_setting('fsync'), current_setting('synchronous_commit')"
            );
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            rig.ServerId = Measure.ProcessTimes.ParentOf(reader.GetInt32(0));
            rig.Version = reader.GetString(1).Split(' ')[0];
            if (reader.GetString(2) != "on" || reader.GetString(3) != "on")
                throw new BenchException(
                    "This PostgreSQL does not sync its commits; figures from it would not be honest."
                );
            return rig;
        }
        catch
        {
            await rig.DisposeAsync();
            throw;
        }
    }

    public async Task<string> CreateDatabaseAsync(string name, CancellationToken cancellationToken)
    {
        await using var command = _source.CreateCommand($"create database {name}");
        await command.ExecuteNonQueryAsync(cancellationToken);
        var database = new NpgsqlConnectionStringBuilder(Url) { Database = name }.ToString();
        _databases.Add(database);
        return database;
    }

    /// <summary>Gathers the planner's statistics in every created database.</summary>
    public async Task AnalyzeAsync(CancellationToken cancellationToken)
    {
        foreach (var database in _databases)
        {
            await using var source = NpgsqlDataSource.Create(database);
            await using var command = source.CreateCommand("analyze");
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    /// <summary>
    /// Transactions that wrote something, ever: each takes the next number, reads take none. Reading it takes none
    /// either.
    /// </summary>
    public async Task<ulong> WritesAsync(CancellationToken cancellationToken)
    {
        await using var command = _source.CreateCommand(
            "select pg_snapshot_xmax(pg_current_snapshot())::text::numeric"
        );
        return (ulong)(decimal)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    public async ValueTask DisposeAsync()
    {
        await _source.DisposeAsync();
        await ScriptAsync(_folder, ["stop"], CancellationToken.None);
    }

    private static async Task<string> ScriptAsync(
        string folder,
        IEnumerable<string> arguments,
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
        var said = new System.Text.StringBuilder();

        // Line by line and not to the end of the stream: what the script leaves running holds the stream open.
        script.OutputDataReceived += (_, line) => said.AppendLine(line.Data);
        script.BeginOutputReadLine();
        await Eventually.UntilAsync(
            () => script.HasExited,
            () => "scripts/pg " + arguments.First(),
            cancellationToken: cancellationToken
        );
        if (script.ExitCode != 0)
            throw new BenchException("scripts/pg failed; its error is above.");
        if (arguments.First() == "start")
            await Eventually.UntilAsync(() => said.Length > 0, () => "no line", cancellationToken: cancellationToken);
        return said.ToString().Trim();
    }
}
