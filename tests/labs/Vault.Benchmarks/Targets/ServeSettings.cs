namespace Vault.Benchmarks.Targets;

/// <summary>
/// What a stand-in is told by the bench. Variables, because arguments are visible to every user of the machine.
/// </summary>
internal sealed record ServeSettings(
    Uri Listen,
    string Upstream,
    string Token,
    string Database,
    byte[] Key,
    string ApiKey
)
{
    /// <summary>Where a stand-in says what it has allocated since it started, in bytes.</summary>
    public const string AllocatedPath = "/_bench/allocated";

    public static ServeSettings FromEnvironment() =>
        new(
            new Uri(Variable("BENCH_LISTEN")),
            Variable("BENCH_UPSTREAM"),
            Variable("BENCH_TOKEN"),
            Variable("BENCH_DATABASE"),
            Convert.FromBase64String(Variable("BENCH_KEY")),
            Variable("BENCH_API_KEY")
        );

    /// <summary>
    /// As the vault's host has it: a ratio must not be won by a setting that the others could have too.
    /// </summary>
    public static void Sockets(Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets.SocketTransportOptions sockets) =>
        sockets.UnsafePreferInlineScheduling = true;

    public static string Allocated() =>
        GC.GetTotalAllocatedBytes(precise: false).ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static string Variable(string name) => Environment.GetEnvironmentVariable(name) ?? "";
}
