using Microsoft.Data.Sqlite;
using Vault.Campaigns.Lab;
using Vault.TestKit;

namespace Vault.Campaigns.Faults;

/// <summary>What can happen to a SQLite file.</summary>
public static class SqliteFaults
{
    public static readonly StoreFault PowerLoss = new(
        "power loss with a torn write behind the last sync",
        true,
        PowerLossAsync
    );

    public static readonly IReadOnlyList<StoreFault> All =
    [
        new("another process holds the write lock for 2 s, three times", false, (world, stop) =>
            LockedAsync(world, TimeSpan.FromSeconds(2), 3, stop)
        ),
        new("another process holds the write lock for 13 s, longer than SQLite waits", false, (world, stop) =>
            LockedAsync(world, TimeSpan.FromSeconds(13), 1, stop)
        ),
        new("disk full for 5 s, for the database and for the spool", false, FullAsync),
        PowerLoss,
    ];

    /// <summary>
    /// For one account without load: the files go back further than a disk that keeps its word would let them, so
    /// nothing else may have happened since.
    /// </summary>
    public static readonly IReadOnlyList<StoreFault> Alone =
    [
        new("power loss in the middle of a refresh: the file as of the sync of its intent", true, IntentOnlyAsync),
    ];

    private static string File(LabWorld world) => Path.Combine(world.Hosts[0].Data, "vault.db");

    private static async Task<string> LockedAsync(
        LabWorld world,
        TimeSpan time,
        int times,
        CancellationToken cancellationToken
    )
    {
        for (var i = 0; i < times; i++)
        {
            await using var connection = new SqliteConnection(
                new SqliteConnectionStringBuilder { DataSource = File(world), Pooling = false }.ToString()
            );
            await connection.OpenAsync(cancellationToken);
            await RunAsync(connection, "pragma busy_timeout = 30000", cancellationToken);
            await RunAsync(connection, "begin immediate", cancellationToken);
            await Task.Delay(time, cancellationToken);
            await RunAsync(connection, "rollback", cancellationToken);
        }

        return $"locked {times} × {time.TotalSeconds:0} s";
    }

    private static async Task<string> FullAsync(LabWorld world, CancellationToken cancellationToken)
    {
        var host = world.Hosts[0];
        if (!await Limits.FileSizeAsync(host.Id, 1, cancellationToken))
            throw new LabException("The host took no limit; the full disk did not happen.");
        await Task.Delay(TimeSpan.FromSeconds(5), cancellationToken);
        if (host.HasExited)
            throw new LabException("The host ended of a full disk:\n" + host.Tail());
        await Limits.FileSizeAsync(host.Id, null, cancellationToken);
        return "no write beyond the first byte of any file";
    }

    /// <summary>
    /// What a power loss leaves: everything that was synced, and of what was not anything from nothing to half of it.
    /// Every commit is synced before it is answered, so the files of a frozen process hold all that was promised; the
    /// torn write is put behind it.
    /// </summary>
    private static async Task<string> PowerLossAsync(LabWorld world, CancellationToken cancellationToken)
    {
        var host = world.Hosts[0];
        host.Send(Signal.Stop);
        var kept = Keep(world);
        await host.KillAsync(cancellationToken);
        await RestoreAsync(world, kept, torn: true, cancellationToken);
        return $"log of {kept.Log.Length} bytes, torn at its end";
    }

    /// <summary>
    /// The files go back to the moment at which the intent of a refresh was durable, though the process lived on until
    /// the reply was committed: the provider has rotated, and the store has never heard of it.
    /// </summary>
    private static async Task<string> IntentOnlyAsync(LabWorld world, CancellationToken cancellationToken)
    {
        var host = world.Hosts[0];
        host.Arm("before_send", "STOP");
        await Eventually.UntilAsync(
            () => host.Reached() is not null,
            host.Tail,
            pause: HostProcess.Moment,
            cancellationToken: cancellationToken
        );
        var (_, where) = host.Reached()!.Value;
        var kept = Keep(world);

        host.Arm("reply_committed", "KILL");
        host.Send(Signal.Continue);
        await Eventually.DoneAsync(host.ExitedAsync(cancellationToken), host.Tail);
        await RestoreAsync(world, kept, torn: false, cancellationToken);
        return $"intent of {where[(where.IndexOf('/', StringComparison.Ordinal) + 1)..]}";
    }

    private static (byte[] Database, byte[] Log) Keep(LabWorld world)
    {
        var log = File(world) + "-wal";
        return (
            System.IO.File.ReadAllBytes(File(world)),
            System.IO.File.Exists(log) ? System.IO.File.ReadAllBytes(log) : []
        );
    }

    private static async Task RestoreAsync(
        LabWorld world,
        (byte[] Database, byte[] Log) kept,
        bool torn,
        CancellationToken cancellationToken
    )
    {
        await world.CloseStoreAsync();
        System.IO.File.Delete(File(world) + "-shm");
        await System.IO.File.WriteAllBytesAsync(File(world), kept.Database, cancellationToken);
        var log = kept.Log.ToList();
        if (torn && log.Count > 4_200)
            log.AddRange(kept.Log[32..2_100]);
        await System.IO.File.WriteAllBytesAsync(File(world) + "-wal", [.. log], cancellationToken);
        world.Hosts[0].Start();
        await world.Hosts[0].ReadyAsync(cancellationToken);
        await world.OpenStoreAsync(cancellationToken);
    }

    private static async Task RunAsync(SqliteConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
