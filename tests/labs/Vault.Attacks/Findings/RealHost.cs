using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Vault.TestKit;

namespace Vault.Attacks.Findings;

/// <summary>The program in a process of its own, started as an operator starts it.</summary>
internal sealed partial class RealHost : IAsyncDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _said = new();
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private RealHost(Process process, string url) => (_process, Url) = (process, url);

    public string Url { get; }

    public int Id => _process.Id;

    /// <summary>The host runs; false: it has refused to start.</summary>
    public bool Runs => !_process.HasExited;

    public string Said
    {
        get
        {
            lock (_said)
                return _said.ToString();
        }
    }

    /// <summary>The administrator's key, from the file that the first start of a database names.</summary>
    public string FirstKey => File.ReadAllText(KeyFile().Match(Said).Groups[1].Value).Trim();

    /// <param name="arguments">A command, then options.</param>
    /// <param name="environment">What this process's environment has, but for these.</param>
    /// <returns>When it runs, or has ended.</returns>
    public static async Task<RealHost> StartAsync(
        IEnumerable<string> arguments,
        params (string Name, string Value)[] environment
    )
    {
        List<string> all = [.. arguments];
        var start = new ProcessStartInfo("dotnet") { RedirectStandardError = true, RedirectStandardOutput = true };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "vault-host.dll"));
        foreach (var argument in all)
            start.ArgumentList.Add(argument);
        start.Environment.Remove("DOTNET_EnableDiagnostics");
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        var listen = all.IndexOf("--listen");
        var host = new RealHost(Process.Start(start)!, listen < 0 ? "" : all[listen + 1]);
        host._process.OutputDataReceived += (_, line) => host.Hear(line.Data);
        host._process.ErrorDataReceived += (_, line) => host.Hear(line.Data);
        host._process.BeginOutputReadLine();
        host._process.BeginErrorReadLine();
        await Eventually.DoneAsync(Task.WhenAny(host._started.Task, host._process.WaitForExitAsync()), () =>
            "The host neither starts nor ends: " + host.Said
        );
        return host;
    }

    public async ValueTask DisposeAsync()
    {
        if (Runs)
        {
            using var end = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]);
            await end.WaitForExitAsync();
        }

        await Eventually.DoneAsync(_process.WaitForExitAsync(), () => "The host does not end.");
        _process.Dispose();
    }

    private void Hear(string? line)
    {
        if (line is null)
            return;
        lock (_said)
            _said.AppendLine(line);

        // The last line of a start.
        if (line.StartsWith("Silo ", StringComparison.Ordinal))
            _started.TrySetResult();
    }

    [GeneratedRegex("The administrator's key is in (.+)")]
    private static partial Regex KeyFile();
}
