using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Vault.TestKit;

namespace Vault.Host.Tests.Processes;

/// <summary>A silo as an operator runs it: a process of its own, that can be killed and frozen.</summary>
internal sealed class SiloProcess : IDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly TaskCompletionSource _up = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private (string Text, TaskCompletionSource Said)? _listener;
    private readonly Action<string>? _heard;

    private SiloProcess(Process process, string url, Action<string>? heard) =>
        (_process, Url, _heard) = (process, url, heard);

    public string Url { get; }

    /// <summary>Where the other silos reach it.</summary>
    public int Port { get; private set; }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public string? FirstKey { get; private set; }

    public string Output
    {
        get
        {
            lock (_output)
                return _output.ToString();
        }
    }

    /// <summary>One that is alone, on SQLite.</summary>
    public static Task<SiloProcess> StartAloneAsync(string folder) => StartAsync(["--data", folder], null);

    public static Task<SiloProcess> StartAsync(
        string folder,
        string database,
        string masterKey,
        params string[] options
    ) => StartAsync(folder, database, masterKey, null, options);

    /// <param name="heard">Gets each line that it writes.</param>
    public static async Task<SiloProcess> StartAsync(
        string folder,
        string database,
        string masterKey,
        Action<string>? heard,
        IReadOnlyList<string> options
    )
    {
        var port = FreePorts.Next();
        List<string> arguments =
        [
            "--silo-port",
            port.ToString(CultureInfo.InvariantCulture),
            "--data",
            folder,
            "--master-key-file",
            masterKey,
            "--store",
            "postgres",
            "--database",
            database.Contains("Pool Size", StringComparison.Ordinal) ? database : database + ";Maximum Pool Size=40",
            .. options,
        ];
        (string, string)[] usual =
        [
            ("--refresh-shards", "8"),
            ("--sweep-interval-ms", "500"),
            ("--execution-timeout-ms", "120000"),
            ("--token-timeout-ms", "60000"),
            ("--refresh-lease-ms", "70000"),
        ];
        foreach (var (option, value) in usual)
            if (!options.Contains(option))
                arguments.AddRange([option, value]);
        var silo = await StartAsync(arguments, heard);
        silo.Port = port;
        return silo;
    }

    private static async Task<SiloProcess> StartAsync(IReadOnlyList<string> options, Action<string>? heard)
    {
        var url = "http://127.0.0.1:" + FreePorts.Next();
        var start = new ProcessStartInfo("dotnet") { RedirectStandardError = true, RedirectStandardOutput = true };
        string[] arguments =
        [
            Path.Combine(AppContext.BaseDirectory, "vault-host.dll"),
            "--environment",
            "development",
            "--listen",
            url,
            .. options,
        ];
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        var silo = new SiloProcess(Process.Start(start)!, url, heard);
        silo._process.OutputDataReceived += (_, line) => silo.Hear(line.Data);
        silo._process.ErrorDataReceived += (_, line) => silo.Hear(line.Data);
        silo._process.BeginOutputReadLine();
        silo._process.BeginErrorReadLine();
        var ended = silo._process.WaitForExitAsync();
        if (await Eventually.DoneAsync(Task.WhenAny(silo._up.Task, ended), () => silo.Output) == ended)
            throw new InvalidOperationException("The silo did not start: " + silo.Output);
        return silo;
    }

    public HttpClient Client(string key)
    {
        var client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 500 })
        {
            BaseAddress = new Uri(Url),
            Timeout = Eventually.Deadline,
        };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return client;
    }

    /// <summary>Completes when it has said the text.</summary>
    public Task SaysAsync(string text)
    {
        lock (_output)
        {
            if (_output.ToString().Contains(text, StringComparison.Ordinal))
                return Task.CompletedTask;
            var said = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _listener = (text, said);
            return said.Task;
        }
    }

    /// <summary>KILL, STOP or CONT.</summary>
    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", ["-" + signal, Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        if (signal is "KILL")
            await _process.WaitForExitAsync();
    }

    public Task EndedAsync() => _process.WaitForExitAsync();

    /// <summary>Asks it to leave the cluster, and waits until it has; answers its exit code.</summary>
    public async Task<int> DrainAsync()
    {
        await SignalAsync("TERM");
        await _process.WaitForExitAsync();
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    private void Hear(string? line)
    {
        if (line is null)
            return;
        lock (_output)
        {
            _output.AppendLine(line);
            if (_listener is { } listener && line.Contains(listener.Text, StringComparison.Ordinal))
                listener.Said.TrySetResult();
        }

        _heard?.Invoke(line);
        const string KeyFile = "The administrator's key is in ";
        if (line.StartsWith(KeyFile, StringComparison.Ordinal))
            FirstKey = File.ReadAllText(line[KeyFile.Length..]).Trim();
        if (line.StartsWith("Silo ", StringComparison.Ordinal))
            _up.TrySetResult();
    }
}
