using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Vault.Host.Tests.Conventions;

/// <summary>Each package that is named is needed: one that is not is foreign code that somebody has to watch.</summary>
public sealed class PackageUseTests
{
    /// <summary>Packages that no code names, and why they are there.</summary>
    private static readonly Dictionary<string, string> NotNamedByCode = new()
    {
        ["Microsoft.CodeAnalysis.BannedApiAnalyzers"] = "an analyzer",
        ["SQLitePCLRaw.bundle_e_sqlite3"] = "the native library; Microsoft.Data.Sqlite asks for an older one",
    };

    private static readonly string[] Projects =
    [
        .. Repository.Sources("src", "*.csproj"),
        .. Repository.Sources("tests", "*.csproj"),
    ];

    /// <summary>Every package of every project whose assembly is in this run's folder.</summary>
    public static IEnumerable<object[]> References =>
        from project in Repository.Sources("src", "*.csproj")
        where File.Exists(Assembly(project))
        from package in Names(project, "PackageReference")
        where !NotNamedByCode.ContainsKey(package)
        select new object[] { project, package };

    [Fact]
    public void Each_version_belongs_to_a_package_that_a_project_names_or_that_is_pinned_for_one_that_does()
    {
        var named = Projects.Append("Directory.Build.props").SelectMany(p => Names(p, "PackageReference"));
        var pinned = Projects
            .SelectMany(Locked)
            .Where(p => p.Value.GetProperty("type").GetString() == "CentralTransitive")
            .Select(p => p.Name);
        var versions = Names("Directory.Packages.props", "PackageVersion");
        Assert.Equal([], versions.Except(named).Except(pinned, StringComparer.OrdinalIgnoreCase));
    }

    [Theory]
    [MemberData(nameof(References))]
    public void A_package_that_a_project_names_is_used_by_its_code(string project, string package)
    {
        var assets = Path.Combine(Path.GetDirectoryName(project)!, "obj", "project.assets.json");
        var packages = JsonElement
            .Parse(Repository.Read(assets))
            .GetProperty("targets")
            .EnumerateObject()
            .Single()
            .Value.EnumerateObject()
            .ToDictionary(p => p.Name.Split('/')[0], p => p.Value, StringComparer.OrdinalIgnoreCase);
        var used = Assemblies(package, packages).Intersect(ReferencedBy(Assembly(project)));
        Assert.True(used.Any(), $"{project} names {package} and uses nothing of it.");
    }

    [Fact]
    public void Lock_files_name_no_feed() =>
        Assert.Equal([], Projects.Where(p => Repository.Read(LockFile(p)).Contains("://", StringComparison.Ordinal)));

    // A package without assemblies of its own stands for those it depends on.
    private static IEnumerable<string> Assemblies(string package, Dictionary<string, JsonElement> packages)
    {
        if (!packages.TryGetValue(package, out var entry))
            return [];
        var own = Members(entry, "compile").Where(f => f.EndsWith(".dll", StringComparison.Ordinal));
        return own.Any()
            ? own.Select(f => Path.GetFileNameWithoutExtension(f))
            : Members(entry, "dependencies").SelectMany(d => Assemblies(d, packages));
    }

    private static IEnumerable<string> Members(JsonElement entry, string name) =>
        entry.TryGetProperty(name, out var value) ? value.EnumerateObject().Select(m => m.Name) : [];

    private static List<string> ReferencedBy(string assembly)
    {
        using var file = new PEReader(File.OpenRead(assembly));
        var metadata = file.GetMetadataReader();
        return [.. metadata.AssemblyReferences.Select(r => metadata.GetString(metadata.GetAssemblyReference(r).Name))];
    }

    private static string Assembly(string project)
    {
        var named = Regex.Match(Repository.Read(project), "<AssemblyName>(.+)</AssemblyName>");
        var name = named.Success ? named.Groups[1].Value : Path.GetFileNameWithoutExtension(project);
        return Path.Combine(AppContext.BaseDirectory, name + ".dll");
    }

    private static IEnumerable<string> Names(string file, string element) =>
        Regex.Matches(Repository.Read(file), $"<{element} Include=\"([^\"]+)\"").Select(m => m.Groups[1].Value);

    private static string LockFile(string project) =>
        Path.Combine(Path.GetDirectoryName(project)!, "packages.lock.json");

    private static IEnumerable<JsonProperty> Locked(string project) =>
        JsonElement
            .Parse(Repository.Read(LockFile(project)))
            .GetProperty("dependencies")
            .EnumerateObject()
            .SelectMany(framework => framework.Value.EnumerateObject());
}
