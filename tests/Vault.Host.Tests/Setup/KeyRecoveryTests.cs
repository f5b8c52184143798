using Vault.Core.Callers;
using Vault.Core.Sealing;
using Vault.Host.Commands;
using Vault.Host.Options;
using Vault.Host.Tests.EndToEnd;
using Vault.Storage;
using Vault.TestKit;

namespace Vault.Host.Tests.Setup;

/// <summary>An operator without an administrator's key makes another, with the master key and not without it.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class KeyRecoveryTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vault-recover-").FullName;
    private string? _database;

    private string Data => Path.Combine(_folder, "data");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_recovered_key_is_an_administrators_and_stands_in_the_platforms_ledger(bool postgres)
    {
        var options = await OptionsAsync(postgres);
        await using var host = await VaultHost.CreateAsync(options, null, default);
        using (var first = await host.StartAsync(default))
            Assert.NotNull(first);

        await using var told = new StringWriter();
        Assert.Equal(0, await HostCommand.RunAsync(["keys", "recover"], options, told, default));
        var file = Path.Combine(Data, "admin.key");
        Assert.Contains(file, told.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(ApiKeyText.Prefix, told.ToString(), StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));

        using var client = World.NewClient(host.Url, (await File.ReadAllTextAsync(file)).Trim());
        var keys = await Reply.ReadAsync(await client.GetAsync(new Uri("/v1/api_keys", UriKind.Relative)));
        Assert.Contains("recovered administrator", keys.ToString(), StringComparison.Ordinal);
        var ledger = host.Services.GetService(typeof(VaultStore)) is VaultStore store ? store.Ledger : null;
        var entries = await ledger!.ReadAsync(Core.Identity.OrganizationId.Platform, 1, 10, default);
        Assert.Equal(2, entries.Count(e => e.Index.Type == "api_key.created"));

        // A second one does not replace the first's file.
        Assert.Equal(0, await HostCommand.RunAsync(["keys", "recover"], options, told, default));
        Assert.True(File.Exists(file + ".2"));
        await host.StopAsync(default);
    }

    [Fact]
    public async Task Without_the_master_key_nothing_is_recovered()
    {
        var options = await OptionsAsync(postgres: false);
        await using (var host = await VaultHost.CreateAsync(options, null, default))
        {
            using var first = await host.StartAsync(default);
            await host.StopAsync(default);
        }

        File.Delete(options.MasterKeyFile);
        await Assert.ThrowsAsync<StartException>(() =>
            HostCommand.RunAsync(["keys", "recover"], options, TextWriter.Null, default)
        );
        Assert.False(File.Exists(Path.Combine(Data, "admin.key")));
    }

    [Fact]
    public void A_file_that_is_there_is_never_written_to_even_through_a_link()
    {
        Directory.CreateDirectory(Data);
        var (path, elsewhere) = (Path.Combine(Data, "admin.key"), Path.Combine(_folder, "elsewhere"));
        File.CreateSymbolicLink(path, elsewhere);
        using var key = Secret.From("vk_live_test");
        Assert.Equal(path + ".2", AdminKeyFile.Write(path, key));
        Assert.False(File.Exists(elsewhere));
        Assert.Equal("vk_live_test\n", File.ReadAllText(path + ".2"));
        var refused = Assert.Throws<StartException>(() =>
            AdminKeyFile.Write(Path.Combine(path + ".2", "admin.key"), key)
        );
        Assert.Contains("VAULT_ADMIN_KEY_FILE", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("vk_live_test", refused.Message, StringComparison.Ordinal);
    }

    private async Task<VaultOptions> OptionsAsync(bool postgres)
    {
        List<string> all =
        [
            "--listen",
            "http://127.0.0.1:" + FreePorts.Next(),
            "--environment",
            "development",
            "--data",
            Data,
        ];
        if (postgres)
            all.AddRange(["--store", "postgres", "--database", _database ??= await TestDatabase.CreateAsync()]);
        var (options, faults) = VaultOptions.Read(all, []);
        Assert.Empty(faults);
        return options!;
    }
}
