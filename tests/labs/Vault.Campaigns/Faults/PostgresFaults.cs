using System.Diagnostics;
using System.Globalization;
using Npgsql;
using Vault.Campaigns.Lab;
using Vault.TestKit;

namespace Vault.Campaigns.Faults;

/// <summary>What can happen to a PostgreSQL, done to a real one.</summary>
public static class PostgresFaults
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(5);

    /// <summary>The server goes and comes back.</summary>
    public static readonly IReadOnlyList<StoreFault> Outages =
    [
        new("PostgreSQL crashes and is away for 2 s", false, CrashAsync),
        new("PostgreSQL crashes at the moment of a commit, away for 6 s", false, (world, stop) =>
            AtCommitAsync(world, killHost: false, stop)
        ),
        new("the same, and the host is killed with the reply in its spool", true, (world, stop) =>
            AtCommitAsync(world, killHost: true, stop)
        ),
        new("all connections cut every 0.1 s", false, CutAsync),
    ];

    public static readonly IReadOnlyList<StoreFault> All =
    [
        new("no room for the write-ahead log (file size limit on the sessions)", false, FullAsync),
        .. Outages,
        new("a third of all changes refused with 40001 or 40P01", false, RacesAsync),
        new("slow sync: every commit waits 0.1 s, the log writer and the checkpointer stand still", false, SlowAsync),
        new("sessions frozen for 1 s in the middle of what they do", false, FrozenSessionsAsync),
    ];

    private static PostgresServer Server(LabWorld world) =>
        world.Server ?? throw new LabException("This fault needs PostgreSQL.");

    private static async Task<string> CrashAsync(LabWorld world, CancellationToken cancellationToken)
    {
        await Server(world).CrashAsync(cancellationToken);
        await Task.Delay(TimeSpan.FromSeconds(2), cancellationToken);
        await Server(world).StartAgainAsync(cancellationToken);
        return "recovered from its log";
    }

    /// <summary>
    /// The provider has answered, the reply is sealed, and the database that should take it is gone: the spool proves
    /// itself.
    /// </summary>
    private static async Task<string> AtCommitAsync(LabWorld world, bool killHost, CancellationToken cancellationToken)
    {
        var host = world.Hosts[0];
        host.Arm("reply_sealed", "STOP");
        await Eventually.UntilAsync(
            () => host.Reached() is not null,
            host.Tail,
            pause: HostProcess.Moment,
            cancellationToken: cancellationToken
        );
        await Server(world).CrashAsync(cancellationToken);
        if (killHost)
            host.Arm("reply_spooled", "KILL");
        host.Send(Signal.Continue);
        var spool = Path.Combine(host.Data, "spool");
        int Replies() => Directory.GetFiles(spool, "*.reply").Length;
        await Eventually.UntilAsync(
            () => killHost ? host.HasExited : Replies() > 0,
            host.Tail,
            pause: HostProcess.Moment,
            cancellationToken: cancellationToken
        );
        await Task.Delay(TimeSpan.FromSeconds(6), cancellationToken);
        var kept = Replies();
        await Server(world).StartAgainAsync(cancellationToken);
        if (killHost)
        {
            host.Start();
            await host.ReadyAsync(cancellationToken);
        }

        await Eventually.UntilAsync(() => Replies() == 0, host.Tail, cancellationToken: cancellationToken);
        return $"{kept} repl{(kept == 1 ? "y" : "ies")} in the spool, drained";
    }

    private static async Task<string> CutAsync(LabWorld world, CancellationToken cancellationToken)
    {
        var cut = 0;
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < Long; await Task.Delay(100, cancellationToken))
            cut += (await SessionsAsync(world, "pg_terminate_backend(pid)", cancellationToken)).Count;
        return $"{cut} connections cut";
    }

    private static async Task<string> RacesAsync(LabWorld world, CancellationToken cancellationToken)
    {
        await OnDatabaseAsync(
            world,
            """
            create function public.race() returns trigger language plpgsql as $$
            begin
              if random() < 0.17 then raise exception 'could not serialize' using errcode = '40001'; end if;
              if random() < 0.2 then raise exception 'deadlock detected' using errcode = '40P01'; end if;
              return new;
            end $$;
            create trigger race before insert or update on vault.accounts for each row execute function public.race();
            create trigger race before insert or update on vault.ledger_heads for each row execute function public.race();
            """,
            cancellationToken
        );
        var before = await RollbacksAsync(world, cancellationToken);
        await Task.Delay(Long, cancellationToken);
        var after = await RollbacksAsync(world, cancellationToken);
        await OnDatabaseAsync(
            world,
            "drop trigger race on vault.accounts; drop trigger race on vault.ledger_heads; drop function public.race()",
            cancellationToken
        );
        return $"{after - before} transactions undone";
    }

    /// <summary>
    /// A session that cannot extend the log takes the whole server down, as a full disk does; the server recovers by
    /// itself.
    /// </summary>
    private static async Task<string> FullAsync(LabWorld world, CancellationToken cancellationToken)
    {
        var limited = 0;
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < Long; await Task.Delay(300, cancellationToken))
        {
            try
            {
                foreach (var session in await SessionsAsync(world, "pid", cancellationToken))
                {
                    if (await Limits.FileSizeAsync(session, 65_536, cancellationToken))
                        limited++;
                }
            }
            catch (NpgsqlException)
            {
                // It is recovering from the session before.
            }
        }

        // Until it has recovered; a server that does not is the exception of the last look.
        await Eventually.UntilAsync(
            () => AnswersAsync(world, cancellationToken),
            answer => answer is null,
            cancellationToken: cancellationToken
        );
        if (limited == 0)
            throw new LabException("No session of PostgreSQL took a limit; the full disk did not happen.");
        return $"{limited} sessions without room";
    }

    private static async Task<string> SlowAsync(LabWorld world, CancellationToken cancellationToken)
    {
        await Server(world).ExecuteAsync("alter system set commit_delay = 100000", cancellationToken);
        await Server(world).ExecuteAsync("alter system set commit_siblings = 0", cancellationToken);
        await Server(world).ExecuteAsync("select pg_reload_conf()", cancellationToken);
        var writers = await Server(world).WritersAsync(cancellationToken);
        foreach (var writer in writers)
            Signals.Send(writer, Signal.Stop);
        await Task.Delay(Long, cancellationToken);
        foreach (var writer in writers)
            Signals.Send(writer, Signal.Continue);
        await Server(world).ExecuteAsync("alter system reset all", cancellationToken);
        await Server(world).ExecuteAsync("select pg_reload_conf()", cancellationToken);
        return $"{writers.Count} processes stood still";
    }

    private static async Task<string> FrozenSessionsAsync(LabWorld world, CancellationToken cancellationToken)
    {
        var frozen = 0;
        for (var i = 0; i < 4; i++)
        {
            var some = (await SessionsAsync(world, "pid", cancellationToken)).Where((_, n) => n % 2 == i % 2).ToList();
            foreach (var session in some)
                Signals.Send(session, Signal.Stop);
            await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);
            foreach (var session in some)
                Signals.Send(session, Signal.Continue);
            frozen += some.Count;
        }

        return $"{frozen} sessions frozen";
    }

    private static async Task<List<int>> SessionsAsync(LabWorld world, string what, CancellationToken cancellationToken)
    {
        await using var connection = await ConnectAsync(Server(world).Url, cancellationToken);
        await using var command = new NpgsqlCommand(
            $"select pid, {what} from pg_stat_activity where datname = 'vault'",
            connection
        );
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        List<int> found = [];
        while (await reader.ReadAsync(cancellationToken))
            found.Add(reader.GetInt32(0));
        return found;
    }

    private static async Task<long> RollbacksAsync(LabWorld world, CancellationToken cancellationToken)
    {
        await using var connection = await ConnectAsync(Server(world).Url, cancellationToken);
        await using var command = new NpgsqlCommand(
            "select xact_rollback from pg_stat_database where datname = 'vault'",
            connection
        );
        return Convert.ToInt64(await command.ExecuteScalarAsync(cancellationToken), CultureInfo.InvariantCulture);
    }

    private static async Task OnDatabaseAsync(LabWorld world, string sql, CancellationToken cancellationToken)
    {
        await using var connection = await ConnectAsync(world.Database!, cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<NpgsqlConnection> ConnectAsync(string url, CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(url) { Pooling = false }.ToString());
        await connection.OpenAsync(cancellationToken);
        return connection;
    }

    private static async Task<NpgsqlException?> AnswersAsync(LabWorld world, CancellationToken cancellationToken)
    {
        try
        {
            await Server(world).ExecuteAsync("select 1", cancellationToken);
            return null;
        }
        catch (NpgsqlException e)
        {
            return e;
        }
    }
}
