using System.Net.Http.Json;
using Microsoft.Data.Sqlite;
using Npgsql;
using Vault.Host.Commands;
using Vault.Host.Options;
using Vault.Host.Tests.EndToEnd;
using Vault.TestKit;

namespace Vault.Host.Tests.Setup;

/// <summary>A host and the master key of its database: another one, or none, does not start.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class MasterKeyCheckTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vault-master-").FullName;
    private string? _database;

    private string KeyFile => Path.Combine(_folder, "data", "master.key");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_lost_master_key_is_not_replaced_and_starts_again_when_it_is_back(bool postgres)
    {
        await StartAsync(postgres, withOrganization: true);
        var saved = Path.Combine(_folder, "saved.key");
        File.Move(KeyFile, saved);

        var refused = await Assert.ThrowsAsync<StartException>(() => StartAsync(postgres));
        Assert.Contains("There is no master key file " + KeyFile, refused.Message, StringComparison.Ordinal);
        Assert.Contains("VAULT_MASTER_KEY_FILE (--master-key-file)", refused.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(KeyFile));
        refused = await Assert.ThrowsAsync<StartException>(() => RewrapAsync(postgres));
        Assert.Contains("There is no master key file", refused.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(KeyFile));

        await StartAsync(postgres, false, "--master-key-file", saved);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Another_master_key_does_not_start(bool postgres)
    {
        await StartAsync(postgres, withOrganization: true);
        var other = MakeKey("other.key");
        var refused = await Assert.ThrowsAsync<StartException>(() =>
            StartAsync(postgres, false, "--master-key-file", other)
        );
        Assert.Contains(
            "is needed by the database and is not given: " + other,
            refused.Message,
            StringComparison.Ordinal
        );

        // As the next one, while the former one still opens what lies under it; and not without it before all is moved.
        await StartAsync(postgres, false, "--master-key-file", other, "--previous-master-key-files", KeyFile);
        await Assert.ThrowsAsync<StartException>(() => StartAsync(postgres, false, "--master-key-file", other));
        Assert.Equal(
            0,
            await RewrapAsync(postgres, "--master-key-file", other, "--previous-master-key-files", KeyFile)
        );
        await StartAsync(postgres, false, "--master-key-file", other);
        await Assert.ThrowsAsync<StartException>(() => StartAsync(postgres));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_check_value_that_does_not_open_stops_the_start(bool postgres)
    {
        await StartAsync(postgres, withOrganization: false);
        await ChangeAsync("update master_keys set check_value = " + (postgres ? "'\\x01'" : "x'01'"));
        var refused = await Assert.ThrowsAsync<StartException>(() => StartAsync(postgres));
        Assert.Contains("The key check value of the master key local:", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_database_from_before_the_check_values_gets_one_and_is_checked_all_the_same(bool postgres)
    {
        await StartAsync(postgres, withOrganization: true);
        await ChangeAsync("delete from master_keys");
        await Assert.ThrowsAsync<StartException>(() =>
            StartAsync(postgres, false, "--master-key-file", MakeKey("other.key"))
        );
        await StartAsync(postgres, withOrganization: false);
        await ChangeAsync("update master_keys set check_value = " + (postgres ? "'\\x01'" : "x'01'"));
        await Assert.ThrowsAsync<StartException>(() => StartAsync(postgres));
    }

    [Fact]
    public async Task Without_an_organization_a_lone_host_may_make_a_new_key()
    {
        await StartAsync(postgres: false);
        File.Delete(KeyFile);
        await StartAsync(postgres: false);
        Assert.True(File.Exists(KeyFile));
    }

    [Fact]
    public async Task Hosts_of_one_postgres_have_one_key_also_before_there_is_an_organization()
    {
        await StartAsync(postgres: true);
        var refused = await Assert.ThrowsAsync<StartException>(() =>
            StartAsync(true, false, "--data", Path.Combine(_folder, "second"))
        );
        Assert.Contains("There is no master key file", refused.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_folder, "second", "master.key")));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task StartAsync(bool postgres, bool withOrganization = false, params string[] options)
    {
        await using var host = await HostUnderTest.CreateAsync(await ArgumentsAsync(postgres, options), static _ =>
        { });
        using var first = await host.StartAsync(CancellationToken.None);
        if (withOrganization)
        {
            using var client = World.NewClient(host.Url, first!.RevealText());
            var made = await Reply.ReadAsync(
                await client.PostAsJsonAsync("/v1/organizations", new { display_name = "First" })
            );

            // Its key is made with the first secret that is sealed.
            var connection = new
            {
                organization_id = made["id"],
                provider = "sandbox_single_use",
                client_id = "demo-client",
                client_secret = "demo-secret",
                parameters = new { base_url = "http://127.0.0.1:1" },
            };
            var sealed_ = await Reply.ReadAsync(await client.PostAsJsonAsync("/v1/connections", connection));
            Assert.True(sealed_.Status == System.Net.HttpStatusCode.Created, sealed_.ToString());
        }

        await host.StopAsync(CancellationToken.None);
    }

    private async Task<int> RewrapAsync(bool postgres, params string[] given)
    {
        var (options, faults) = VaultOptions.Read(await ArgumentsAsync(postgres, given), []);
        Assert.Empty(faults);
        return await HostCommand.RunAsync(["master-rewrap"], options!, TextWriter.Null, CancellationToken.None);
    }

    private async Task<List<string>> ArgumentsAsync(bool postgres, string[] options)
    {
        List<string> all = ["--listen", "http://127.0.0.1:" + FreePorts.Next(), "--environment", "development"];
        if (!options.Contains("--data"))
            all.AddRange(["--data", Path.Combine(_folder, "data")]);
        if (postgres)
            all.AddRange(["--store", "postgres", "--database", _database ??= await TestDatabase.CreateAsync()]);
        return [.. all, .. options];
    }

    private string MakeKey(string name)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(
            path,
            Convert.ToBase64String(System.Security.Cryptography.RandomNumberGenerator.GetBytes(32))
        );
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }

    private async Task ChangeAsync(string sql)
    {
        await using System.Data.Common.DbConnection connection = _database is { } text
            ? new NpgsqlConnection(
                new NpgsqlConnectionStringBuilder(text) { SearchPath = "vault", Pooling = false }.ToString()
            )
            : new SqliteConnection($"Data Source={Path.Combine(_folder, "data", "vault.db")};Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        Assert.True(await command.ExecuteNonQueryAsync() > 0);
    }
}
