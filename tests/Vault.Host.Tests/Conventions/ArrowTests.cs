using System.Text.RegularExpressions;

namespace Vault.Host.Tests.Conventions;

/// <summary>Who may know whom. The project files are the truth; an arrow not drawn here is a defect.</summary>
public sealed class ArrowTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Vault.Core"] = [],
        ["Vault.Providers"] = ["Vault.Core"],
        ["Vault.Import"] = ["Vault.Core", "Vault.Providers"],
        ["Vault.Storage"] = ["Vault.Core"],
        ["Vault.Gateway"] = ["Vault.Core"],
        ["Vault.Sandbox"] = [],
        ["Vault.Host"] =
        [
            "Vault.Core",
            "Vault.Providers",
            "Vault.Storage",
            "Vault.Gateway",
            "Vault.Client.Orleans.Contracts",
            "Vault.Import",
        ],
        ["Vault.Client"] = [],
        ["Vault.Client.Orleans"] = ["Vault.Client", "Vault.Client.Orleans.Contracts"],
        ["Vault.Client.Orleans.Contracts"] = [],
        ["Vault.Cli"] = ["Vault.Client", "Vault.Core", "Vault.Providers", "Vault.Import"],
    };

    public static TheoryData<string> Projects => [.. Repository.Sources("src", "*.csproj")];

    public static TheoryData<string> EveryProject =>
        [.. Repository.Sources("src", "*.csproj"), .. Repository.Sources("tests", "*.csproj")];

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_references_only_what_the_architecture_draws(string project)
    {
        var name = Path.GetFileNameWithoutExtension(project);
        Assert.True(Allowed.ContainsKey(name), $"{name} is not in the architecture.");
        var references = Regex
            .Matches(Repository.Read(project), "ProjectReference Include=\"[^\"]*?([^/\\\\\"]+)\\.csproj\"")
            .Select(m => m.Groups[1].Value);
        Assert.All(references, r => Assert.True(Allowed[name].Contains(r), $"{name} must not reference {r}."));
    }

    [Theory]
    [MemberData(nameof(EveryProject))]
    public void A_project_compiles_its_own_sources_only(string project) =>
        Assert.DoesNotMatch("<Compile\\s[^>]*Include=\"[^\"]*\\.\\.[/\\\\]", Repository.Read(project));

    [Fact]
    public void Core_needs_no_package_but_its_analyzer()
    {
        var packages = Regex
            .Matches(
                Repository.Read("src/Vault.Core/Vault.Core.csproj"),
                "<(PackageReference|FrameworkReference) Include=\"([^\"]+)\""
            )
            .Select(m => m.Groups[2].Value);
        Assert.Equal(["Microsoft.CodeAnalysis.BannedApiAnalyzers"], packages);
    }

    [Fact]
    public void Sql_is_written_in_the_storage_project_only()
    {
        var sql = new Regex(
            "^(?!\\s*///).*\"[^\"]*\\b(select\\s.+\\sfrom|insert\\s+into|update\\s+\\w+\\s+set|delete\\s+from)\\b",
            RegexOptions.IgnoreCase | RegexOptions.Multiline
        );
        var others = Repository
            .Sources("src")
            .Where(f => !f.StartsWith("src/Vault.Storage/", StringComparison.Ordinal));
        Assert.Equal([], [.. others.Where(f => sql.IsMatch(Repository.Read(f)))]);
    }

    /// <summary>The runner keeps the cached credential in step with the row; another writer would not.</summary>
    [Fact]
    public void Account_rows_are_updated_by_the_runner_only() =>
        Assert.Equal(
            ["src/Vault.Core/Refresh/AccountRunner.cs"],
            Repository
                .Sources("src")
                .Where(f =>
                    Repository.Read(f) is var text
                    && text.Contains("IAccountStore ", StringComparison.Ordinal)
                    && Regex.IsMatch(text, "\\b_?(store|accounts)\\s*\\.UpdateAsync\\(")
                )
        );

    [Fact]
    public void Every_source_project_is_in_the_solution()
    {
        var solution = Repository.Read("Vault.Orleans.sln");
        var projects = Repository
            .Sources("src", "*.csproj")
            .Concat(Repository.Sources("tests", "*.csproj"))
            .Select(Path.GetFileName);
        Assert.All(projects, p => Assert.Contains(p!, solution, StringComparison.Ordinal));
    }
}
