using System.Collections.Concurrent;
using System.Security.Cryptography;
using Vault.Host.Tests.EndToEnd;
using Vault.Host.Tests.Processes;

namespace Vault.Host.Tests.Suite;

/// <summary>Three silos as an operator runs them, each a process, on one PostgreSQL.</summary>
internal sealed class ThreeProcesses(IReadOnlyList<SiloProcess> silos) : IAsyncDisposable
{
    public static async Task<SharedHosts> StartAsync(IReadOnlyList<string> options, bool once)
    {
        var folder = Directory.CreateTempSubdirectory("vault-processes-").FullName;
        var database = await TestDatabase.CreateAsync();
        var key = Path.Combine(folder, "master.key");
        await File.WriteAllTextAsync(key, Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var logs = new ConcurrentQueue<string>();

        void Hear(string line)
        {
            if (line.StartsWith('{'))
                logs.Enqueue(line);
        }

        var first = await StartAsync(0);
        SiloProcess[] all = [first, .. await Task.WhenAll(StartAsync(1), StartAsync(2))];
        return new SharedHosts(
            [.. all.Select(s => s.Url)],
            first.FirstKey!,
            folder,
            database,
            logs,
            new ThreeProcesses(all)
        )
        {
            Once = once,
        };

        Task<SiloProcess> StartAsync(int number) =>
            SiloProcess.StartAsync(
                Path.Combine(folder, "silo" + number),
                database + SharedHosts.Pool,
                key,
                Hear,
                options
            );
    }

    // Each leaves as an operator makes it leave, and says so by its exit code.
    public async ValueTask DisposeAsync()
    {
        var codes = await Task.WhenAll(silos.Select(s => s.HasExited ? Task.FromResult(-1) : s.DrainAsync()));
        foreach (var silo in silos)
            silo.Dispose();
        Assert.All(codes, c => Assert.Equal(0, c));
    }
}
