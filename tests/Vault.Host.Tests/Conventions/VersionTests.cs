using System.Diagnostics;
using System.Text.RegularExpressions;
using Vault.Host.Tests.EndToEnd;

namespace Vault.Host.Tests.Conventions;

/// <summary>
/// The version is set in Directory.Build.props and nowhere else; all that shows a version shows that one.
/// </summary>
public sealed class VersionTests
{
    private static readonly string Version = Regex
        .Match(Repository.Read("Directory.Build.props"), "<VersionPrefix>(.+)</VersionPrefix>")
        .Groups[1]
        .Value;

    [Fact]
    public void No_other_file_sets_a_version()
    {
        string[] files =
        [
            "Directory.Packages.props",
            .. Repository.Sources("src", "*.csproj"),
            .. Repository.Sources("tests", "*.csproj"),
        ];
        const string setting = "<(Version|VersionPrefix|VersionSuffix|AssemblyVersion|FileVersion|PackageVersion)>";
        Assert.Equal([], files.Where(f => Regex.IsMatch(Repository.Read(f), setting)));
    }

    [Theory]
    [InlineData("vault-host.dll")]
    [InlineData("vaultctl.dll")]
    public async Task A_program_shows_it(string program)
    {
        string[] arguments = [Path.Combine(AppContext.BaseDirectory, program), "--version"];
        using var process = Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true })!;
        var shown = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal((0, Version), (process.ExitCode, shown.Trim().Split('+')[0]));
    }

    [Fact]
    public async Task The_host_shows_it_in_its_contract_and_in_the_cluster()
    {
        await using var world = await World.StartAsync();
        var document = await world.GetAsync("/openapi/v1.json");
        Assert.Equal(Version, document.Json.GetProperty("info").GetProperty("version").GetString());
        var host = (await world.GetAsync("/v1/cluster")).Json.GetProperty("hosts").EnumerateArray().First();
        Assert.Equal(Version, host.GetProperty("version").GetString()!.Split('+')[0]);
    }
}
