using Vault.Host.Composition;
using Vault.Host.Options;

namespace Vault.Host.Tests.Setup;

[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class MasterKeyFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vault-key-").FullName;

    private string File_ => Path.Combine(_folder, "sub", "master.key");

    [Fact]
    public void It_is_generated_once_and_readable_by_its_owner_only()
    {
        var first = MasterKeyFile.Read(File_, mayGenerate: true);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(File_));
        Assert.Equal(first, MasterKeyFile.Read(File_, mayGenerate: true));
    }

    [Fact]
    public async Task Two_that_start_at_once_read_the_same_key()
    {
        for (var round = 0; round < 20; round++)
        {
            var file = Path.Combine(_folder, "round" + round, "master.key");
            using var start = new Barrier(8);
            var keys = await Task.WhenAll(
                Enumerable
                    .Range(0, 8)
                    .Select(_ =>
                        Task.Factory.StartNew(
                            () =>
                            {
                                start.SignalAndWait();
                                return MasterKeyFile.Read(file, mayGenerate: true);
                            },
                            default,
                            TaskCreationOptions.LongRunning,
                            TaskScheduler.Default
                        )
                    )
            );
            Assert.All(keys, k => Assert.Equal(keys[0], k));
            Assert.Equal([file], Directory.GetFiles(Path.GetDirectoryName(file)!));
        }
    }

    [Fact]
    public void No_key_no_start() => Assert.Throws<StartException>(() => MasterKeyFile.Read(File_, mayGenerate: false));

    [Theory]
    [InlineData("")]
    [InlineData("not base64 at all, but of the right length ok")]
    [InlineData("c2hvcnQ=")]
    public void What_is_no_key_is_refused_with_the_fix(string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(File_)!);
        File.WriteAllText(File_, text);
        File.SetUnixFileMode(File_, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Assert.Contains(
            "base64 of 32 bytes",
            Assert.Throws<StartException>(() => MasterKeyFile.Read(File_, mayGenerate: true)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_key_that_others_can_read_is_refused()
    {
        MasterKeyFile.Read(File_, mayGenerate: true);
        File.SetUnixFileMode(File_, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        Assert.Contains(
            "chmod 600",
            Assert.Throws<StartException>(() => MasterKeyFile.Read(File_, mayGenerate: true)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_symbolic_link_is_refused()
    {
        MasterKeyFile.Read(File_, mayGenerate: true);
        var link = Path.Combine(_folder, "link.key");
        File.CreateSymbolicLink(link, File_);
        var refused = Assert.Throws<StartException>(() => MasterKeyFile.Read(link, mayGenerate: false)).Message;
        Assert.Contains("is a symbolic link to " + File_, refused, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_of_another_user_is_refused()
    {
        // Only the administrator can give a file away, and only the administrator could read it then.
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
            return;
        MasterKeyFile.Read(File_, mayGenerate: true);
        using (var give = System.Diagnostics.Process.Start("chown", ["12345", File_]))
            give.WaitForExit();
        var refused = Assert.Throws<StartException>(() => MasterKeyFile.Read(File_, mayGenerate: false)).Message;
        Assert.Contains("belongs to another user (id 12345)", refused, StringComparison.Ordinal);
        Assert.Contains("chown 0 " + File_, refused, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
