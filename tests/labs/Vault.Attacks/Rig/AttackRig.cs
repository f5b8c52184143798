using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Vault.Gateway;
using Vault.Host;
using Vault.Host.Options;
using Vault.Sandbox;
using Vault.TestKit;
using Vault.TestKit.Postgres;

namespace Vault.Attacks.Rig;

/// <summary>
/// A real host, on SQLite or on a throw-away PostgreSQL, and a sandbox provider, in folders and on ports of their own,
/// spoken to over HTTP.
/// </summary>
internal sealed class AttackRig : IAsyncDisposable
{
    private readonly VaultHost _host;
    private readonly SandboxServer _sandbox;
    private readonly HttpClient _http;

    private AttackRig(VaultHost host, SandboxServer sandbox, string folder, string admin)
    {
        (_host, _sandbox, Folder, Admin) = (host, sandbox, folder, admin);
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false })
        {
            Timeout = TimeSpan.FromMinutes(3),
        };
    }

    public string Folder { get; }

    public string Admin { get; }

    /// <summary>An administrator's connection string; null on SQLite.</summary>
    public string? Postgres { get; private init; }

    public int Port => new Uri(Url).Port;

    public string Url => _host.Url;

    public string SandboxUrl => _sandbox.BaseUrl;

    public IServiceProvider Services => _host.Services;

    public ErrorTap Errors { get; private init; } = null!;

    public static async Task<AttackRig> StartAsync(bool postgres)
    {
        var folder = Directory.CreateTempSubdirectory("vault-attack-").FullName;
        var sandbox = await SandboxServer.StartAsync();
        var database = postgres ? await ThrowawayPostgres.CreateDatabaseAsync("attack") : null;
        var (options, faults) = VaultOptions.Read(
            [
                .. database is null
                    ? Array.Empty<string>()
                    :
                    [
                        "--store",
                        "postgres",
                        "--database",
                        database,
                        "--silo-port",
                        FreePorts.Next().ToString(CultureInfo.InvariantCulture),
                    ],
                "--listen",
                "http://127.0.0.1:" + FreePorts.Next(),
                "--environment",
                "development",
                "--data",
                Path.Combine(folder, "data"),
                "--rate-limit-per-second",
                "1000000",
            ],
            []
        );
        if (options is null)
            throw new InvalidOperationException(string.Join(' ', faults));
        var errors = new ErrorTap();
        var host = await VaultHost.CreateAsync(
            options,
            s =>
            {
                s.AddSingleton<ILoggerProvider>(errors);

                // Whoever has no key is slowed down by address, and all attacks come from one.
                var gateway = s.Single(d => d.ServiceType == typeof(GatewayOptions));
                s.Remove(gateway);
                s.AddSingleton((GatewayOptions)gateway.ImplementationInstance! with { AnonymousPerSecond = 100_000 });
            },
            CancellationToken.None
        );
        using var first = await host.StartAsync(CancellationToken.None);
        return new AttackRig(host, sandbox, folder, first!.RevealText()) { Errors = errors, Postgres = database };
    }

    public Task<Answer> GetAsync(string path, string? key) => SendAsync("GET", path, key, null, "application/json");

    public Task<Answer> PostAsync(
        string path,
        string? key,
        object body,
        params (string Name, string Value)[] headers
    ) => SendAsync("POST", path, key, JsonSerializer.SerializeToUtf8Bytes(body), "application/json", headers);

    /// <param name="target">Path and query, sent as it is, without normalising.</param>
    public async Task<Answer> SendAsync(
        string method,
        string target,
        string? key,
        byte[]? body,
        string? contentType,
        params (string Name, string Value)[] headers
    )
    {
        using var request = new HttpRequestMessage(
            new HttpMethod(method),
            new Uri(Url + target, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true })
        );
        if (key is not null)
            request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + key);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            if (contentType is not null)
                request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        }

        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        var started = Stopwatch.GetTimestamp();
        using var response = await _http.SendAsync(request);
        var bytes = await response.Content.ReadAsByteArrayAsync();
        return new Answer(
            (int)response.StatusCode,
            response.Content.Headers.ContentType?.MediaType,
            bytes,
            response.Headers,
            Stopwatch.GetElapsedTime(started)
        );
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _host.StopAsync(CancellationToken.None);
        await _host.DisposeAsync();
        await _sandbox.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }
}

/// <summary>Keeps what the host logged as an error: an answer 500 is explained by it.</summary>
internal sealed class ErrorTap : ILoggerProvider, ILogger
{
    private readonly Lock _lock = new();
    private readonly List<string> _errors = [];

    public IReadOnlyList<string> Errors
    {
        get
        {
            lock (_lock)
                return [.. _errors];
        }
    }

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter
    )
    {
        if (!IsEnabled(logLevel))
            return;
        lock (_lock)
        {
            if (_errors.Count < 100)
                _errors.Add(formatter(state, exception) + (exception is null ? "" : "\n" + exception));
        }
    }

    public void Dispose() { }
}
