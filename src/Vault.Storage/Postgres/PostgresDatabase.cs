using System.Data.Common;
using Npgsql;
using Vault.Core.Ledger;
using Vault.Core.Persistence;
using Vault.Storage.Sql;

namespace Vault.Storage.Postgres;

/// <summary>
/// Every operation is one batch. A batch without an explicit transaction is one implicit transaction and one round
/// trip: scope, gate, change and drafts commit together or not at all, and no transaction stays open while this process
/// does other work.
/// </summary>
internal sealed class PostgresDatabase(NpgsqlDataSource source, LedgerEntryWriter entryWriter) : IDatabase
{
    /// <summary>How often a transaction is retried after the server rolled it back in favour of another.</summary>
    private const int Retries = 2;

    public bool IsPostgres => true;

    public async Task<List<T>> ReadAsync<T>(
        Scope scope,
        Statement statement,
        Func<DbDataReader, T> row,
        CancellationToken cancellationToken
    )
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                var rows = new List<T>();
                await RunAsync([(scope, PostgresText.Command(statement), r => rows.Add(row(r)))], cancellationToken);
                return rows;
            }
            catch (Exception e)
                when (e is NpgsqlException
                    && attempt == 0
                    && PostgresErrors.IsCut(e)
                    && !cancellationToken.IsCancellationRequested
                )
            {
                // A read has no effect, so a retry is safe. After a restart of the server every idle connection is
                // broken: drop them all at once.
                source.Clear();
            }
            catch (NpgsqlException e)
            {
                throw PostgresErrors.Translate(e, sentWrite: false);
            }
        }
    }

    public async Task<WriteOutcome> WriteAsync(Write write, CancellationToken cancellationToken)
    {
        var (gate, written) = (0L, 0L);
        try
        {
            await WritingAsync(
                connection =>
                    RunAsync(
                        connection,
                        [
                            (Scope.Of(write.Organization), PostgresText.Command(write, entryWriter), r =>
                                (gate, written) = (r.GetInt64(0), r.GetInt64(1))
                            ),
                        ],
                        CancellationToken.None
                    ),
                cancellationToken
            );
        }
        catch (InvalidOperationException e)
            when (PostgresErrors.IsTaken(e.InnerException!, out var table) && table != "ledger_outbox")
        {
            return WriteOutcome.Stale;
        }

        return gate == 0 ? WriteOutcome.GateShut
            : written == 0 ? WriteOutcome.Stale
            : WriteOutcome.Written;
    }

    public Task<int[]> BatchAsync(IReadOnlyList<Step> steps, CancellationToken cancellationToken) =>
        WritingAsync(
            connection =>
                RunAsync(
                    connection,
                    [.. steps.Select(s => (s.Scope, PostgresText.Command(s.Statement), s.OnRow))],
                    CancellationToken.None
                ),
            cancellationToken
        );

    public async Task<DateTimeOffset?> PingAsync(CancellationToken cancellationToken)
    {
        var now = new Statement("select clock_timestamp() from schema_version limit 1");
        return (await ReadAsync(Scope.None, now, r => r.GetFieldValue<DateTimeOffset>(0), cancellationToken))[0];
    }

    /// <summary>
    /// Does nothing: the next vacuum removes old row versions, and the operator's retention the log and the backups.
    /// </summary>
    public Task ForgetAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public ValueTask DisposeAsync() => source.DisposeAsync();

    /// <summary>
    /// Runs one writing transaction on its own session. Retries only if the server reports that it rolled back the
    /// transaction. It never retries after a broken connection: the write may be committed, and a second attempt would
    /// then report a lost race for a write that succeeded.
    /// </summary>
    public async Task<T> WritingAsync<T>(Func<NpgsqlConnection, Task<T>> run, CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var sent = false;
            try
            {
                await using var connection = await PostgresConnections.OpenAsync(source, cancellationToken);
                sent = true;
                return await run(connection);
            }
            catch (Exception e) when (attempt < Retries && PostgresErrors.IsRolledBackRace(e)) { }
            catch (NpgsqlException e)
            {
                if (PostgresErrors.IsCut(e))
                    source.Clear();
                throw PostgresErrors.Translate(e, sent);
            }
        }
    }

    private async Task RunAsync(
        (Scope, NpgsqlBatchCommand, Action<DbDataReader>?)[] commands,
        CancellationToken cancellationToken
    )
    {
        await using var connection = await PostgresConnections.OpenAsync(source, cancellationToken);
        await RunAsync(connection, commands, cancellationToken);
    }

    private static async Task<int[]> RunAsync(
        NpgsqlConnection connection,
        (Scope Scope, NpgsqlBatchCommand Command, Action<DbDataReader>? OnRow)[] commands,
        CancellationToken cancellationToken
    )
    {
        await using var batch = new NpgsqlBatch(connection);
        var steps = new List<(NpgsqlBatchCommand Command, Action<DbDataReader>? OnRow, int Step)>(commands.Length * 2);
        Scope? current = null;
        for (var i = 0; i < commands.Length; i++)
        {
            if (current != commands[i].Scope && PostgresText.Scoped(commands[i].Scope) is { } scoped)
                steps.Add((scoped, null, -1));
            current = commands[i].Scope;
            steps.Add((commands[i].Command, commands[i].OnRow, i));
        }

        foreach (var step in steps)
            batch.BatchCommands.Add(step.Command);
        var touched = new int[commands.Length];
        await using (var reader = await batch.ExecuteReaderAsync(cancellationToken))
        {
            // The reader stops only at commands that return rows. The other commands are counted below.
            var sets = steps.Where(s => ReturnsRows(s.Command.CommandText)).ToList();
            for (var set = 0; set < sets.Count; set++)
            {
                while (await reader.ReadAsync(cancellationToken))
                {
                    if (sets[set].Step < 0)
                        continue;
                    touched[sets[set].Step]++;
                    sets[set].OnRow?.Invoke(reader);
                }

                await reader.NextResultAsync(cancellationToken);
            }
        }

        foreach (var (command, _, step) in steps)
        {
            if (step >= 0 && !ReturnsRows(command.CommandText))
                touched[step] = (int)command.Rows;
        }

        return touched;
    }

    private static bool ReturnsRows(string sql)
    {
        var text = sql.AsSpan().TrimStart();
        return text.StartsWith("select", StringComparison.Ordinal)
            || text.StartsWith("with", StringComparison.Ordinal)
            || sql.Contains(" returning ", StringComparison.Ordinal);
    }
}
