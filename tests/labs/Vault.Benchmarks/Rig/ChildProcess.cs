using System.Diagnostics;
using System.Text;
using Vault.TestKit;

namespace Vault.Benchmarks.Rig;

/// <summary>A process that the bench started and stops again. What it said is kept for the error message.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private const int KeptCharacters = 8_000;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(90);

    private readonly Process _process;
    private readonly StringBuilder _said = new();
    private readonly string _name;

    private ChildProcess(string name, Process process) => (_name, _process) = (name, process);

    public int Id => _process.Id;

    public string Said
    {
        get
        {
            lock (_said)
                return _said.ToString();
        }
    }

    public static ChildProcess Start(
        string name,
        string file,
        IEnumerable<string> arguments,
        IEnumerable<KeyValuePair<string, string>> variables
    )
    {
        var start = new ProcessStartInfo(file, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
            WorkingDirectory = Checkout.Root,
        };

        // Settings of the shell this runs in are not part of the measurement.
        foreach (
            var own in start
                .Environment.Keys.Where(k =>
                    k.StartsWith("VAULT_", StringComparison.Ordinal)
                    || k is "ASPNETCORE_URLS" or "ASPNETCORE_ENVIRONMENT" or "DOTNET_ENVIRONMENT" or "DOTNET_gcServer"
                )
                .ToList()
        )
            start.Environment.Remove(own);
        foreach (var (key, value) in variables)
            start.Environment[key] = value;
        var child = new ChildProcess(name, new Process { StartInfo = start });
        child._process.OutputDataReceived += child.Hear;
        child._process.ErrorDataReceived += child.Hear;
        child._process.Start();
        child._process.StandardInput.Close();
        child._process.BeginOutputReadLine();
        child._process.BeginErrorReadLine();
        return child;
    }

    /// <summary>Waits until a URL answers 200.</summary>
    public async Task ReadyAsync(HttpClient http, Uri url, CancellationToken cancellationToken)
    {
        var wait = await Eventually.TryUntilAsync(
            async () =>
            {
                if (_process.HasExited)
                    throw new BenchException($"{_name} ended with code {_process.ExitCode}:\n{Said}");
                try
                {
                    using var answer = await http.GetAsync(url, cancellationToken);
                    return answer.IsSuccessStatusCode;
                }
                catch (HttpRequestException)
                {
                    return false; // Not listening yet.
                }
            },
            ready => ready,
            Timeout,
            cancellationToken: cancellationToken
        );
        if (!wait.Met)
            throw new BenchException($"{_name} did not answer at {url} within {Timeout.TotalSeconds:0} s:\n{Said}");
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (!_process.HasExited)
                _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }
        catch (InvalidOperationException)
        {
            // It never started.
        }

        _process.Dispose();
    }

    private void Hear(object sender, DataReceivedEventArgs line)
    {
        if (line.Data is null)
            return;
        lock (_said)
        {
            if (_said.Length < KeptCharacters)
                _said.AppendLine(line.Data);
        }
    }
}
