using System.Collections.Concurrent;
using Vault.Sandbox;

namespace Vault.Host.Tests.EndToEnd;

/// <summary>Hosts of one database that serve one world after the other.</summary>
/// <param name="urls">Where they listen.</param>
/// <param name="folder">Where they keep their files.</param>
/// <param name="own">The hosts themselves; they end with this.</param>
public sealed class SharedHosts(
    IReadOnlyList<string> urls,
    string adminKey,
    string folder,
    string database,
    ConcurrentQueue<string> logs,
    IAsyncDisposable own
) : IAsyncDisposable
{
    /// <summary>
    /// For the connection strings of three silos that share the machine with their PostgreSQL and the tests: small
    /// pools, and patience where a thousand calls come at once.
    /// </summary>
    public const string Pool = ";Maximum Pool Size=20;Timeout=60";

    private readonly List<SandboxServer> _providers = [];
    private bool _stopped;

    public IReadOnlyList<string> Urls => urls;

    public string AdminKey => adminKey;

    public string Folder => folder;

    public string Database => database;

    public ConcurrentQueue<string> Logs => logs;

    /// <summary>Whether they were started for one world, because of its options, and stop with it.</summary>
    public bool Once { get; init; }

    /// <summary>
    /// A world has ended. Its provider goes on: its accounts are still here, and another provider on the same port
    /// would hear from them.
    /// </summary>
    public async Task LeaveAsync(SandboxServer provider)
    {
        _providers.Add(provider);
        if (Once)
            await StopAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }

    private async Task StopAsync()
    {
        if (_stopped)
            return;
        _stopped = true;
        await own.DisposeAsync();
        foreach (var provider in _providers)
            await provider.DisposeAsync();
        _providers.Clear();
    }
}
