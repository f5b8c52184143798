using System.Diagnostics;
using System.Security.Cryptography;
using Vault.TestKit;

namespace Vault.Host.Tests.Setup;

/// <summary>A host that crashes with its master key and opened credentials in memory.</summary>
public sealed class ProcessMemoryTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vault-core-").FullName;

    [Theory]
    [InlineData("production", false)]
    [InlineData("development", true)]
    public async Task A_host_that_crashes_leaves_its_memory_in_a_file_in_development_only(
        string environment,
        bool leaves
    )
    {
        // Where a pipe gets the kernel's core files, or a folder of its own, whether one was written cannot be seen
        // here.
        if (
            !OperatingSystem.IsLinux()
            || (await File.ReadAllTextAsync("/proc/sys/kernel/core_pattern")).Trim() is not "core"
        )
            return;

        var key = Path.Combine(_folder, "master.key");
        await File.WriteAllTextAsync(key, Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
        File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var start = new ProcessStartInfo("sh") { RedirectStandardError = true, WorkingDirectory = _folder };
        foreach (
            var part in (string[])
                [
                    "-c",
                    "ulimit -c unlimited && exec dotnet \"$@\"",
                    "sh",
                    typeof(VaultHost).Assembly.Location,
                    "--environment",
                    environment,
                    "--listen",
                    "http://127.0.0.1:0",
                    "--data",
                    _folder,
                    "--master-key-file",
                    key,
                ]
        )
            start.ArgumentList.Add(part);
        using var host = Process.Start(start)!;
        string? line;
        while (
            (line = await host.StandardError.ReadLineAsync()) is not null
            && !line.Contains("listens on", StringComparison.Ordinal)
        ) { }

        Assert.NotNull(line);

        // One of the signals that end a process with a core file and that .NET does not handle itself.
        using (
            var end = Process.Start(
                "kill",
                ["-XCPU", host.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]
            )
        )
            await end.WaitForExitAsync();
        await Eventually.DoneAsync(host.WaitForExitAsync(), () => line);
        Assert.Equal(leaves, Directory.EnumerateFiles(_folder, "core*").Any());
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
