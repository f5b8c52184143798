using System.Text.RegularExpressions;

namespace Vault.Host.Tests.Conventions;

/// <summary>Which room may know which library. A package that is not named here has no room yet.</summary>
public sealed class PackageTests
{
    private static readonly (string Package, string[] Rooms)[] Rooms =
    [
        ("Microsoft.CodeAnalysis.BannedApiAnalyzers", ["Vault.Core"]),
        ("YamlDotNet", ["Vault.Import"]),
        // Orleans' clustering loads the driver by its name, so a client of the cluster has to bring it along.
        ("Npgsql", ["Vault.Storage", "Vault.Client.Orleans"]),
        ("Microsoft.Data.Sqlite", ["Vault.Storage"]),
        ("SQLitePCLRaw.bundle_e_sqlite3", ["Vault.Storage"]),
        ("Microsoft.AspNetCore.OpenApi", ["Vault.Gateway"]),
        ("Microsoft.Orleans.", ["Vault.Host", "Vault.Client.Orleans", "Vault.Client.Orleans.Contracts"]),
        ("OpenTelemetry", ["Vault.Host"]),
        ("Microsoft.Extensions.AI.Abstractions", ["Vault.Client"]),
        ("Polly.Core", ["Vault.Client"]),
        ("System.CommandLine", ["Vault.Host", "Vault.Cli"]),
        ("Spectre.Console", ["Vault.Cli"]),
    ];

    // Namespaces and types that stand for what a room must not do.
    // Core's clock, randomness and I/O are banned by its analyzer.
    private static readonly Dictionary<string, string[]> Closed = new()
    {
        ["Vault.Core"] = ["Microsoft", "Npgsql", "Orleans", "System.Data", "HttpClient"],
        ["Vault.Providers"] = ["Microsoft.AspNetCore", "Microsoft.Data", "Npgsql", "Orleans", "System.Data"],
        ["Vault.Import"] = ["Microsoft", "Npgsql", "Orleans", "System.Data", "HttpClient", "Socket", "File"],
        ["Vault.Storage"] = ["Microsoft.AspNetCore", "Orleans", "HttpClient", "HttpContext"],
        ["Vault.Gateway"] = ["Microsoft.Data", "Npgsql", "Orleans", "System.Data", "HttpClient"],
    };

    public static TheoryData<string> Projects => [.. Repository.Sources("src", "*.csproj")];

    public static TheoryData<string> ClosedRooms => [.. Closed.Keys];

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_room_references_only_its_packages(string project)
    {
        var room = Path.GetFileNameWithoutExtension(project);
        var unknown =
            from m in Regex.Matches(Repository.Read(project), "<PackageReference Include=\"([^\"]+)\"")
            let package = m.Groups[1].Value
            where !Rooms.Any(r => r.Rooms.Contains(room) && package.StartsWith(r.Package, StringComparison.Ordinal))
            select package;
        Assert.Equal([], unknown);
    }

    [Theory]
    [MemberData(nameof(ClosedRooms))]
    public void A_room_does_not_open_what_is_closed_to_it(string room)
    {
        var closed = new Regex($@"(?<![\w.""])(?:{string.Join('|', Closed[room].Select(Regex.Escape))})(?=[.;<( ])");
        var uses =
            from file in Repository.Sources($"src/{room}")
            from line in Repository.Read(file).Split('\n')
            where !line.TrimStart().StartsWith("//", StringComparison.Ordinal) && closed.IsMatch(line)
            select $"{file}: {line.Trim()}";
        var all = string.Join('\n', uses);
        Assert.True(all.Length == 0, all);
    }
}
