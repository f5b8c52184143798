using System.Reflection;
using Microsoft.Data.Sqlite;
using Vault.Core.Errors;
using Vault.Core.Identity;
using Vault.Core.Persistence;
using Vault.Core.Sealing;
using Vault.Storage.Schema;
using Vault.Storage.Stores;
using Vault.TestKit.Contracts;

namespace Vault.Storage.Tests.Sqlite;

public sealed class SqliteBehaviourTests : IDisposable
{
    private readonly SqliteFolder _folder = new();
    private readonly StoreRows _make = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_was_acknowledged_is_in_the_files()
    {
        await using var store = await _folder.OpenAsync();
        var row = _make.Organization();
        await store.Organizations.InsertAsync(row, [_make.Draft(row.Id)], default);

        // The process dies here: the files as they are, nothing closed.
        var copy = Directory.CreateDirectory(Path.Combine(_folder.Root, "copy"));
        foreach (var file in Directory.GetFiles(Path.GetDirectoryName(_folder.File)!))
            File.Copy(file, Path.Combine(copy.FullName, Path.GetFileName(file)));
        await using var reopened = await VaultStore.OpenSqliteAsync(
            Path.Combine(copy.FullName, "vault.db"),
            StoreUnderTest.EntryWriter(),
            default
        );
        Assert.NotNull(await reopened.Organizations.FindAsync(row.Id, default));
        Assert.Single(await reopened.Ledger.ReadOutboxAsync(10, default));
        await reopened.PingAsync(default);
    }

    [Fact]
    public async Task Two_hosts_on_one_file_do_not_overwrite_each_other()
    {
        await using var one = await _folder.OpenAsync();
        await using var two = await _folder.OpenAsync();
        var organization = _make.Organization();
        await one.Organizations.InsertAsync(organization, [], default);
        var row = _make.Account(organization.Id);
        await one.Accounts.InsertAsync(row, GateCheck.None, [], default);
        var race = await Task.WhenAll(
            Enumerable
                .Range(0, 32)
                .Select(i =>
                    Task.Run(() =>
                        (i % 2 == 0 ? one : two).Accounts.UpdateAsync(
                            row with
                            {
                                Provider = "p" + i,
                            },
                            1,
                            GateCheck.OpenAt(1),
                            [_make.Draft(organization.Id)],
                            default
                        )
                    )
                )
        );
        Assert.Single(race, WriteOutcome.Written);
        Assert.Single(await two.Ledger.ReadOutboxAsync(10, default));
    }

    [Fact]
    public async Task Only_the_owner_may_read_the_file()
    {
        await using var store = await _folder.OpenAsync();
        await store.Organizations.InsertAsync(_make.Organization(), [], default);
        if (OperatingSystem.IsWindows())
            return;
        foreach (var file in Directory.GetFiles(Path.GetDirectoryName(_folder.File)!))
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }

    [Fact]
    public async Task Commits_are_synced_to_the_disk()
    {
        await using var store = await _folder.OpenAsync();
        using var connection = new SqliteConnection($"Data Source={_folder.File};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "select journal_mode from pragma_journal_mode";
        Assert.Equal("wal", command.ExecuteScalar());
        using var session = Storage.Sqlite.SqliteSession.Open(_folder.File, SqliteOpenMode.ReadWrite, writer: true);
        Assert.Equal(
            [2],
            session.Read(new Storage.Sql.Statement("select synchronous from pragma_synchronous"), r => r.GetInt64(0))
        );
    }

    [Fact]
    public async Task A_destroyed_key_is_in_no_file()
    {
        await using var store = await _folder.OpenAsync();
        var key = _make.Key(_make.Organization().Id);
        await store.Keys.TryInsertAsync(key, default);
        Assert.Contains(Files(), bytes => bytes.AsSpan().IndexOf(key.Wrapped) >= 0);
        await store.Keys.DestroyAllAsync(key.Organization, _make.Now, default);
        Assert.DoesNotContain(Files(), bytes => bytes.AsSpan().IndexOf(key.Wrapped) >= 0);
    }

    [Fact]
    public async Task A_newer_schema_is_refused()
    {
        await (await _folder.OpenAsync()).DisposeAsync();
        using (var session = Storage.Sqlite.SqliteSession.Open(_folder.File, SqliteOpenMode.ReadWrite, writer: true))
            session.Run("insert into schema_version values (99, 'future')");
        var e = await Assert.ThrowsAsync<SchemaTooNewException>(_folder.OpenAsync);
        Assert.Contains("99", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_unavailable()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder.File)!);
        await File.WriteAllTextAsync(_folder.File, new string('x', 8192));
        await Assert.ThrowsAsync<StoreUnavailableException>(_folder.OpenAsync);
    }

    [Fact]
    public async Task Every_sealed_column_is_known_to_rotation()
    {
        await using var store = await _folder.OpenAsync();
        using var session = Storage.Sqlite.SqliteSession.Open(_folder.File, SqliteOpenMode.ReadWrite, writer: false);
        var columns = session.Read(
            new Storage.Sql.Statement(
                "select m.name || '.' || c.name from sqlite_master m, pragma_table_info(m.name) c where m.type = 'table' and c.name like '%key_version' order by 1"
            ),
            r => r.GetString(0)
        );
        Assert.Equal(
            SqlResealSource
                .Places.SelectMany(p => p.Columns.Select(c => $"{p.Table}.{c.Name}_key_version"))
                .Order(StringComparer.Ordinal),
            columns.Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public void Every_sealed_place_is_known_to_rotation()
    {
        // A place added to SealContext is either of a column that rotation seals again, or named here with the reason
        // why it is of none.
        // A caller holds a page token, a file of the spool a reply.
        string[] inNoRow = [nameof(SealContext.PageToken), nameof(SealContext.SpooledReply)];
        var organization = _make.Organization().Id;
        var account = _make.Account(organization).Id.Value;
        var functions = typeof(SealContext)
            .GetMethods(BindingFlags.Public | BindingFlags.Static)
            .Where(m => m.ReturnType == typeof(SealContext) && !inNoRow.Contains(m.Name));
        var places = functions
            .Select(m =>
                (SealContext)m.Invoke(null, [.. m.GetParameters().Select((p, i) => Value(p.ParameterType, i))])!
            )
            .ToHashSet();
        var known = SqlResealSource
            .Places.SelectMany(p => p.Columns.Select(c => c.Context(organization, [account, "key"], 7)))
            .ToHashSet();
        Assert.Equal(SqlResealSource.Places.Sum(p => p.Columns.Length), known.Count);
        Assert.Equal(
            places.OrderBy(p => p.Field, StringComparer.Ordinal),
            known.OrderBy(p => p.Field, StringComparer.Ordinal)
        );

        object Value(Type type, int at) =>
            type == typeof(OrganizationId) ? organization
            : type == typeof(AccountId) ? new AccountId(account)
            : type == typeof(long) ? 7L
            : at == 1 ? account
            : "key";
    }

    [Fact]
    public async Task A_cancelled_write_never_began()
    {
        await using var store = await _folder.OpenAsync();
        var row = _make.Organization();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            store.Organizations.InsertAsync(row, [], new CancellationToken(canceled: true))
        );
        Assert.Null(await store.Organizations.FindAsync(row.Id, default));
    }

    private List<byte[]> Files() =>
        [
            .. Directory
                .GetFiles(Path.GetDirectoryName(_folder.File)!)
                .Select(file =>
                {
                    using var stream = new FileStream(
                        file,
                        FileMode.Open,
                        FileAccess.Read,
                        FileShare.ReadWrite | FileShare.Delete
                    );
                    var bytes = new byte[stream.Length];
                    stream.ReadExactly(bytes);
                    return bytes;
                }),
        ];
}
