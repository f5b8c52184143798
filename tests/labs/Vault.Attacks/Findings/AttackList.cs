using System.Net;
using System.Net.Sockets;
using System.Text;
using Vault.Providers.Egress;

namespace Vault.Attacks.Findings;

/// <summary>Every attack, each with the finding whose kind it is one of.</summary>
internal static class AttackList
{
    /// <summary>Against the host that runs.</summary>
    public static IReadOnlyList<FindingAttack> Online { get; } =
    [new("M-11", "read the end of a password", s => s.SuffixAsync(
                "sandbox_basic",
                "pass",
                new
                {
                    type = "basic",
                    username = "sandbox-user",
                    password = "sandbox-pass-0001",
                }
            )), .. new (string Name, string Value)[] { ("X_Api_Key", "another-key"), ("X_HTTP_Method_Override", "DELETE"), ("X-Method", "DELETE"), ("X-Original-URL", "/admin"), ("X-Rewrite-URL", "/admin"), ("X-Real-IP", "127.0.0.1"), ("True-Client-IP", "127.0.0.1"), ("X_Forwarded_For", "127.0.0.1"), ("X-Original-Host", "evil.example"), ("X-Remote-User", "root") }.Select(h => new FindingAttack("M-13", "raw call with " + h.Name, s => s.RawCallAsync(h.Name, h.Value))), new("LOW", "hide a request behind a bare line feed", BareLineFeedAsync), new("LOW", "strip TLS: no Strict-Transport-Security behind the TLS proxy", NoStrictTransportAsync), new("LOW", "read host.lock as another user", s => Task.FromResult(ReadableByOthers(s, "host.lock"))), new("M-7", "read the file with the administrator's key as another user", s => Task.FromResult(ReadableByOthers(s, "admin.key"))), .. KeyAttacks.All, .. ApprovalAttacks.All, .. DestinationAttacks.All, .. TraceAttacks.Online];

    /// <summary>Of addresses that the policy would have to open although an operator has listed everything.</summary>
    public static IReadOnlyList<FindingAttack> Egress { get; } =
    [
        .. new[]
        {
            "168.63.129.16",
            "169.254.170.23",
            "fd20:ce::254",
            "fd00:ec2::23",
            "::ffff:168.63.129.16",
            "64:ff9b::168.63.129.16",
            "64:ff9b:1::169.254.169.254",
            "2a00:1234:5678:a83f:81:1000::",
        }.Select(a => new FindingAttack("M-15", "call " + a, _ => Task.FromResult(Called(IPAddress.Parse(a))))),
    ];

    /// <summary>Against what the host leaves: its folder and its database. It has been stopped.</summary>
    public static IReadOnlyList<FindingAttack> Offline { get; } =
    [
        new("H-11", "start without the master key file", s => WithoutKeyAsync(s, [])),
        new("H-11", "have master-rewrap make a master key", s => WithoutKeyAsync(s, ["master-rewrap"])),
        new("H-11", "start with another master key", s => s.StartedAsync("--master-key-file", s.NewKeyFile("another"))),
        new("H-11", "start with a master key file that is a symbolic link", LinkedKeyAsync),
        new("H-11", "start with a master key file that others can read", OpenKeyAsync),
        new("M-1", "listen on https without TLS", s => Exposed(s, "https://127.0.0.1:0")),
        new("M-1", "listen on plain HTTP for the whole network", s => Exposed(s, "http://0.0.0.0:0")),
        new("M-2", "connect to the diagnostics socket of a production host", DiagnosticsAsync),
        new("LOW", "read a database password from the process list", PasswordInArgumentsAsync),
        .. TraceAttacks.Offline,
        // The last one: nothing starts on this database afterwards.
        new("H-11", "start on a changed key check value", ChangedCheckAsync),
    ];

    private static async Task<string?> BareLineFeedAsync(AttackScene scene)
    {
        using var tcp = new TcpClient();
        await tcp.ConnectAsync("127.0.0.1", new Uri(scene.Host.Url).Port);
        await using var stream = tcp.GetStream();
        await stream.WriteAsync(
            "GET /health/live HTTP/1.1\r\nHost: x\nX-Hidden: 1\r\nConnection: close\r\n\r\n"u8.ToArray()
        );
        using var reader = new StreamReader(stream, Encoding.ASCII);
        var first = await reader.ReadLineAsync() ?? "";
        return first.Contains(" 400", StringComparison.Ordinal) ? null : "answered " + first;
    }

    private static async Task<string?> NoStrictTransportAsync(AttackScene scene)
    {
        using var answer = await scene.GetAsync("/health/live");
        return answer.Headers.Contains("Strict-Transport-Security") ? null : "the header is not sent";
    }

    private static string? ReadableByOthers(AttackScene scene, string file)
    {
        if (OperatingSystem.IsWindows())
            return null;
        var mode = File.GetUnixFileMode(Path.Combine(scene.Data, file));
        return (mode & ~(UnixFileMode.UserRead | UnixFileMode.UserWrite)) == 0 ? null : "its mode is " + mode;
    }

    private static string? Called(IPAddress address)
    {
        var options = new EgressOptions();
        foreach (var everything in new[] { "0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1" })
            options.Allow.Add(everything);
        var policy = EgressPolicy.Create(options, out _);
        return policy.Refusal("api.example.com", 443, address) is null ? "it may be called" : null;
    }

    private static async Task<string?> WithoutKeyAsync(AttackScene scene, string[] command)
    {
        var saved = scene.PathOf("saved.key");
        File.Move(scene.KeyFile, saved);
        try
        {
            await using var host = await RealHost.StartAsync([.. command, .. scene.Options()]);
            return host.Runs ? "the host runs"
                : File.Exists(scene.KeyFile) ? "a new key was made"
                : null;
        }
        finally
        {
            File.Move(saved, scene.KeyFile, overwrite: true);
        }
    }

    private static Task<string?> LinkedKeyAsync(AttackScene scene)
    {
        var link = scene.PathOf("link.key");
        File.CreateSymbolicLink(link, scene.KeyFile);
        return scene.StartedAsync("--master-key-file", link);
    }

    private static async Task<string?> OpenKeyAsync(AttackScene scene)
    {
        var copy = scene.PathOf("open.key");
        File.Copy(scene.KeyFile, copy);
        if (OperatingSystem.IsWindows())
            return null;
        File.SetUnixFileMode(copy, File.GetUnixFileMode(copy) | UnixFileMode.GroupRead);
        return await scene.StartedAsync("--master-key-file", copy);
    }

    private static Task<string?> Exposed(AttackScene scene, string listen) =>
        scene.StartedAsync(
            "--environment",
            "production",
            "--public-url",
            "https://vault.example.com",
            "--listen",
            listen
        );

    private static async Task<string?> DiagnosticsAsync(AttackScene scene)
    {
        var temporary = Directory.CreateDirectory(scene.PathOf("temporary")).FullName;
        await using var host = await RealHost.StartAsync(
            scene.Options("--environment", "production"),
            ("TMPDIR", temporary)
        );
        if (!host.Runs)
            throw new InvalidOperationException("The production host does not start: " + host.Said);
        return Directory.EnumerateFiles(temporary, "*-" + host.Id + "-*").FirstOrDefault();
    }

    private static async Task<string?> PasswordInArgumentsAsync(AttackScene scene)
    {
        await using var host = await RealHost.StartAsync([
            "options-check",
            "--data",
            scene.Data,
            "--store",
            "postgres",
            "--database",
            "Host=127.0.0.1;Password=hidden",
        ]);
        return host.Said.Contains("password on the command line", StringComparison.Ordinal) ? null : host.Said;
    }

    private static async Task<string?> ChangedCheckAsync(AttackScene scene)
    {
        await scene.ChangeAsync(
            "update master_keys set check_value = x'01'",
            @"update master_keys set check_value = '\x01'"
        );
        return await scene.StartedAsync();
    }
}
