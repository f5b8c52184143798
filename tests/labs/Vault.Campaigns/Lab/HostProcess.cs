using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Vault.TestKit;

namespace Vault.Campaigns.Lab;

/// <summary>
/// A vault host as an operator runs it: a process of its own that can be killed, frozen and started again on the same
/// data.
/// </summary>
public sealed class HostProcess : IDisposable
{
    /// <summary>Between two looks for a point that a host comes to.</summary>
    internal static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(5);

    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(300);

    /// <summary>A silo that was evicted sees it within a moment of waking up, and ends.</summary>
    private static readonly TimeSpan NoticesItsDeath = TimeSpan.FromSeconds(8);

    private readonly string[] _arguments;
    private readonly bool _member;
    private readonly string _log;
    private readonly string _errors;
    private readonly Lock _logLock = new();
    private readonly string _trigger;
    private Process? _process;
    private HttpClient? _client;
    private string? _firstKey;

    /// <param name="folder">Its data, its log and its trigger lie in here.</param>
    /// <param name="member">A member of a cluster instead of a silo that is alone.</param>
    /// <param name="options">Ordinary options of the host.</param>
    public HostProcess(string folder, bool member, IReadOnlyList<string> options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Directory.CreateDirectory(folder);
        Data = Path.Combine(folder, "data");
        _log = Path.Combine(folder, "host.log");
        _errors = Path.Combine(folder, "host.err");
        _trigger = Path.Combine(folder, "trigger");
        Url = $"http://127.0.0.1:{FreePorts.Next().ToString(CultureInfo.InvariantCulture)}";
        _member = member;
        if (member)
            SiloPort = FreePorts.Next();
        string[] port = member ? ["--silo-port", SiloPort.ToString(CultureInfo.InvariantCulture)] : [];
        _arguments =
        [
            Checkout.Host,
            .. port,
            "--environment",
            "development",
            "--listen",
            Url,
            "--data",
            Data,
            "--checkpoint",
            _trigger,
            .. options,
        ];
    }

    public string Url { get; }

    /// <summary>Where the other silos reach this one; 0 for one that is alone.</summary>
    public int SiloPort { get; }

    public string Data { get; }

    /// <summary>What it wrote to its standard output: the log.</summary>
    public string LogFile => _log;

    /// <summary>What it wrote to its standard error.</summary>
    public string ErrorFile => _errors;

    public int Id => _process?.Id ?? 0;

    public bool HasExited => _process is null || _process.HasExited;

    /// <summary>Environment and options beside the ordinary ones, for the next start.</summary>
    public Dictionary<string, string> Environment { get; } = [];

    public List<string> MoreOptions { get; } = [];

    public HttpClient Client => _client ?? throw new LabException("The host has no client yet.");

    /// <summary>The administrator's key, where this was the first start on an empty database.</summary>
    public string? FirstKey => Volatile.Read(ref _firstKey);

    public void Authorize(string key)
    {
        // Connections of a killed process must not be met again: each is opened anew, and none outlives its request for
        // long.
        var handler = new SocketsHttpHandler
        {
            PooledConnectionLifetime = TimeSpan.FromSeconds(5),
            MaxConnectionsPerServer = 200,
            ConnectTimeout = TimeSpan.FromSeconds(2),
        };
        _client = new HttpClient(handler) { BaseAddress = new Uri(Url), Timeout = TimeSpan.FromSeconds(10) };
        _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    public void Start()
    {
        // A file size limit, which the lab uses for a full disk, comes with a signal that a full disk does not send; it
        // is ignored from the start.
        var start = new ProcessStartInfo(
            "/bin/sh",
            ["-c", "trap '' XFSZ; exec dotnet \"$@\"", "sh", .. _arguments, .. MoreOptions]
        )
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
        };
        foreach (
            var own in start
                .Environment.Keys.Where(k =>
                    k.StartsWith("VAULT_", StringComparison.Ordinal)
                    || k.StartsWith("ASPNETCORE_", StringComparison.Ordinal)
                )
                .ToList()
        )
            start.Environment.Remove(own);
        foreach (var (name, value) in Environment)
            start.Environment[name] = value;
        File.Delete(_trigger);
        File.Delete(_trigger + ".reached");
        var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => Hear(_log, line.Data);
        process.ErrorDataReceived += (_, line) => Hear(_errors, line.Data);
        process.Start();
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _process?.Dispose();
        _process = process;
    }

    /// <summary>The host's program with one of its commands instead of serving.</summary>
    public static Process Command(string command, IReadOnlyList<string> options) =>
        Process.Start(
            new ProcessStartInfo("dotnet", [Checkout.Host, command, .. options])
            {
                RedirectStandardOutput = true,
                UseShellExecute = false,
            }
        )!;

    /// <summary>Waits until it says that it is ready.</summary>
    public async Task ReadyAsync(CancellationToken cancellationToken)
    {
        using var http = new HttpClient { BaseAddress = new Uri(Url), Timeout = TimeSpan.FromSeconds(5) };
        var wait = await Eventually.TryUntilAsync(
            async () =>
            {
                if (HasExited)
                    throw new LabException($"A host ended with code {_process!.ExitCode}:\n{Tail()}");
                try
                {
                    using var answer = await http.GetAsync(
                        new Uri("/health/ready", UriKind.Relative),
                        cancellationToken
                    );
                    return answer.IsSuccessStatusCode;
                }
                catch (Exception e)
                    when (e is HttpRequestException
                        || (e is TaskCanceledException && !cancellationToken.IsCancellationRequested)
                    )
                {
                    return false; // Not listening yet.
                }
            },
            ready => ready,
            StartTimeout,
            cancellationToken: cancellationToken
        );
        if (!wait.Met)
            throw new LabException($"A host was not ready within {StartTimeout.TotalSeconds:0} s:\n{Tail()}");
    }

    /// <summary>
    /// From now on the first thread of the host that comes to the point sends its process the signal (KILL or STOP).
    /// </summary>
    public void Arm(string point, string signal)
    {
        File.Delete(_trigger + ".reached");
        File.WriteAllText(_trigger + ".new", $"{point} {signal}");
        File.Move(_trigger + ".new", _trigger, overwrite: true);
    }

    /// <summary>True when the trigger was still there, so that nothing will strike any more.</summary>
    public bool Disarm()
    {
        try
        {
            File.Move(_trigger, _trigger + ".old", overwrite: true);
            return true;
        }
        catch (FileNotFoundException)
        {
            return false;
        }
    }

    /// <summary>The point that was reached and whose account it was about; null as long as none was.</summary>
    public (string Point, string Where)? Reached()
    {
        try
        {
            var words = File.ReadAllText(_trigger + ".reached")
                .Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
            return (words[0], words[1]);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    internal void Send(Signal signal)
    {
        if (!HasExited)
            Signals.Send(Id, signal);
    }

    /// <summary>
    /// Lets a frozen process go on. A silo that the others have declared dead meanwhile ends itself; then this is its
    /// supervisor, and starts it again.
    /// </summary>
    public async Task<bool> WakeAsync(CancellationToken cancellationToken)
    {
        Send(Signal.Continue);
        return _member && await StartIfItEndsAsync(cancellationToken);
    }

    /// <summary>True when it ended by itself within the time that takes, and was started again.</summary>
    public async Task<bool> StartIfItEndsAsync(CancellationToken cancellationToken)
    {
        var wait = await Eventually.TryUntilAsync(
            () => Task.FromResult(HasExited),
            ended => ended,
            NoticesItsDeath,
            cancellationToken: cancellationToken
        );
        if (wait.Met)
            Start();
        return wait.Met;
    }

    /// <summary>Asks it to leave; answers its exit code.</summary>
    public async Task<int> DrainAsync(CancellationToken cancellationToken)
    {
        Send(Signal.Terminate);
        await ExitedAsync(cancellationToken);
        return _process!.ExitCode;
    }

    public Task ExitedAsync(CancellationToken cancellationToken) =>
        _process is { } process ? process.WaitForExitAsync(cancellationToken) : Task.CompletedTask;

    public async Task KillAsync(CancellationToken cancellationToken)
    {
        Send(Signal.Kill);
        await ExitedAsync(cancellationToken);
    }

    /// <summary>How often it has warned of something since then.</summary>
    public int Warnings(DateTimeOffset since, string text)
    {
        lock (_logLock)
            return File.ReadLines(_log).Count(l => l.Contains(text, StringComparison.Ordinal) && IsWarning(l, since));

        static bool IsWarning(string line, DateTimeOffset since)
        {
            using var entry = JsonDocument.Parse(line);
            return entry.RootElement.GetProperty("LogLevel").GetString() is "Warning" or "Error" or "Critical"
                && entry.RootElement.GetProperty("Timestamp").GetDateTimeOffset() > since;
        }
    }

    /// <summary>The last of what it said.</summary>
    public string Tail()
    {
        lock (_logLock)
            return string.Join(
                '\n',
                new[] { _log, _errors }.Where(File.Exists).SelectMany(f => File.ReadLines(f).TakeLast(20))
            );
    }

    public void Dispose()
    {
        _client?.Dispose();
        if (_process is null)
            return;
        if (!_process.HasExited)
        {
            Send(Signal.Kill);
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    private void Hear(string to, string? line)
    {
        if (line is null)
            return;
        const string KeyFile = "The administrator's key is in ";
        if (line.StartsWith(KeyFile, StringComparison.Ordinal))
        {
            // Taken out of the data folder, as an operator does, so that the folder holds no secret from then on.
            Volatile.Write(ref _firstKey, File.ReadAllText(line[KeyFile.Length..]).Trim());
            File.Delete(line[KeyFile.Length..]);
        }

        lock (_logLock)
            File.AppendAllText(to, line + "\n");
    }
}
