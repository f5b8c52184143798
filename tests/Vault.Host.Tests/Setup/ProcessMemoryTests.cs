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

        using var host = await StartAsync(environment);
        // One of the signals that end a process with a core file and that .NET does not handle itself.
        using (
            var end = Process.Start(
                "kill",
                ["-XCPU", host.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]
            )
        )
            await end.WaitForExitAsync();
        await Eventually.DoneAsync(host.WaitForExitAsync(), () => "The host does not end.");
        Assert.Equal(leaves, Directory.EnumerateFiles(_folder, "core*").Any());
    }

    [Theory]
    [InlineData("production", false)]
    [InlineData("development", true)]
    public async Task A_host_has_a_diagnostics_socket_in_development_only(string environment, bool has)
    {
        if (!OperatingSystem.IsLinux())
            return;
        using var host = await StartAsync(environment);
        var open = Directory
            .EnumerateFiles(_folder)
            .Select(f => Path.GetFileName(f))
            .Where(f =>
                f.StartsWith("dotnet-diagnostic-", StringComparison.Ordinal)
                || f.StartsWith("clr-debug-pipe-", StringComparison.Ordinal)
            )
            .ToList();
        host.Kill();
        await Eventually.DoneAsync(host.WaitForExitAsync(), () => "The host does not end.");
        Assert.True(has == (open.Count > 0), string.Join(' ', open));
    }

    private async Task<Process> StartAsync(string environment)
    {
        var key = Path.Combine(_folder, "master.key");
        await File.WriteAllTextAsync(key, Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
        if (!OperatingSystem.IsWindows())
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
        start.Environment["TMPDIR"] = _folder;
        start.Environment.Remove("DOTNET_EnableDiagnostics");
        var host = Process.Start(start)!;
        string? line;
        while (
            (line = await host.StandardError.ReadLineAsync()) is not null
            && !line.Contains("listens on", StringComparison.Ordinal)
        ) { }

        Assert.NotNull(line);
        return host;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
