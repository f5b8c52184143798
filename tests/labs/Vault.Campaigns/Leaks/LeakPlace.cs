using System.Diagnostics;
using System.Text;

namespace Vault.Campaigns.Leaks;

/// <summary>Somewhere a credential could end up.</summary>
internal abstract class LeakPlace(string name)
{
    public string Name { get; } = name;

    /// <summary>Everything that is there, in pieces.</summary>
    public abstract Task<IReadOnlyList<byte[]>> ReadAsync(CancellationToken cancellationToken);

    /// <summary>Puts a text there, so that the search can show that it would have found it.</summary>
    public abstract Task PlantAsync(string text, CancellationToken cancellationToken);
}

/// <summary>Files, as bytes.</summary>
internal sealed class FilesPlace(string name, string folder, Func<string, bool> which) : LeakPlace(name)
{
    public override async Task<IReadOnlyList<byte[]>> ReadAsync(CancellationToken cancellationToken)
    {
        List<byte[]> found = [];
        foreach (var file in Files())
            found.Add(await ReadSharedAsync(file, cancellationToken));
        return found;
    }

    public override Task PlantAsync(string text, CancellationToken cancellationToken) =>
        Files().FirstOrDefault() is { } file
            ? File.AppendAllTextAsync(file, text, cancellationToken)
            : File.WriteAllTextAsync(NewFile(), text, cancellationToken);

    private IEnumerable<string> Files() =>
        Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Where(which) : [];

    private string NewFile()
    {
        Directory.CreateDirectory(folder);
        return new[] { "planted", "planted.reply", "vault.db-wal", "vault.db-shm", "host.log", "host.err" }
            .Select(n => Path.Combine(folder, n))
            .First(which);
    }

    // Others have it open, and what comes meanwhile comes to the next search.
    private static async Task<byte[]> ReadSharedAsync(string file, CancellationToken cancellationToken)
    {
        await using var stream = new FileStream(
            file,
            FileMode.Open,
            FileAccess.Read,
            FileShare.ReadWrite | FileShare.Delete
        );
        var memory = new MemoryStream();
        await stream.CopyToAsync(memory, cancellationToken);
        return memory.ToArray();
    }
}

/// <summary>What the system tells everybody about a process: its arguments or its environment.</summary>
internal sealed class ProcessPlace(string name, IReadOnlyList<int> processes, string file)
    : LeakPlace(name),
        IDisposable
{
    private Process? _planted;

    public override async Task<IReadOnlyList<byte[]>> ReadAsync(CancellationToken cancellationToken)
    {
        List<byte[]> found = [];
        foreach (var process in _planted is null ? processes : [.. processes, _planted.Id])
            found.Add(await File.ReadAllBytesAsync($"/proc/{process}/{file}", cancellationToken));
        return found;
    }

    public override Task PlantAsync(string text, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", "read wait", text])
        {
            RedirectStandardInput = true,
            UseShellExecute = false,
        };
        start.Environment["PLANTED"] = text;
        _planted = Process.Start(start)!;
        return Task.CompletedTask;
    }

    public void Dispose()
    {
        if (_planted is null)
            return;
        _planted.Kill();
        _planted.Dispose();
    }
}

/// <summary>What was gathered while the hosts ran: answers, headers, traces.</summary>
internal sealed class GatheredPlace(string name, Func<IReadOnlyList<byte[]>> gathered, Func<string, Task> plant)
    : LeakPlace(name)
{
    public override Task<IReadOnlyList<byte[]>> ReadAsync(CancellationToken cancellationToken) =>
        Task.FromResult(gathered());

    public override Task PlantAsync(string text, CancellationToken cancellationToken) => plant(text);
}

/// <summary>An address of the gateway. A leak is planted by asking a server that leaks the same way.</summary>
internal sealed class HttpPlace(string name, HttpClient host, string path, Func<string, Task<Uri>> leaking)
    : LeakPlace(name)
{
    private Uri? _planted;

    public override async Task<IReadOnlyList<byte[]>> ReadAsync(CancellationToken cancellationToken)
    {
        if (_planted is { } other)
        {
            using var http = new HttpClient();
            return [await http.GetByteArrayAsync(other, cancellationToken)];
        }

        using var answer = await host.GetAsync(new Uri(path, UriKind.Relative), cancellationToken);
        var body = await answer.Content.ReadAsByteArrayAsync(cancellationToken);
        return answer.IsSuccessStatusCode && body.Length > 0
            ? [body, Encoding.UTF8.GetBytes(answer.Headers.ToString())]
            : throw new Lab.LabException($"{path} answers {(int)answer.StatusCode}; nothing to search.");
    }

    public override async Task PlantAsync(string text, CancellationToken cancellationToken) =>
        _planted = await leaking(text);
}
