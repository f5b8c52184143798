using System.Text.RegularExpressions;

namespace Vault.Host.Tests.Conventions;

/// <summary>
/// Core's folders lie on floors, and a folder uses only folders on lower floors. What a folder uses is read from its
/// sources: the namespaces of its using directives and the names it qualifies. Comments do not count. There is no list
/// of exceptions: a type that breaks the order moves to another folder.
/// </summary>
public sealed partial class FloorTests
{
    private const string Core = "src/Vault.Core/";

    private static readonly string[][] Floors =
    [
        ["Identity", "Errors", "Templates", "Concurrency"],
        ["Sealing", "Ledger", "Persistence"],
        ["Packs", "Callers", "Organizations", "Keys"],
        ["Connections"],
        ["OAuth"],
        ["Accounts"],
        ["Refresh", "Scopes"],
        ["Execution", "Offboarding", "Catalogue"],
        ["Consent", "Operations"],
    ];

    private static readonly string[] Files = [.. Repository.Sources(Core.TrimEnd('/'))];

    private static readonly ILookup<string, string> TypesByFolder = (
        from file in Files
        from type in TopLevelType().Matches(Repository.Read(file))
        select (Folder: FolderOf(file), type.Groups["name"].Value)
    ).ToLookup(t => t.Folder, t => t.Value);

    /// <summary>Each use of another folder, with the file and the name that show it.</summary>
    private static readonly (string From, string To, string Evidence)[] Uses =
    [
        .. from file in Files
        from use in UsesOf(Repository.Read(file))
        where use.To != FolderOf(file)
        select (FolderOf(file), use.To, $"{file}: {use.Name}"),
    ];

    [Fact]
    public void Every_folder_of_core_has_its_floor_and_its_summary()
    {
        var folders = Files.Select(FolderOf).Distinct().Order(StringComparer.Ordinal);
        Assert.Equal(Floors.SelectMany(f => f).Order(StringComparer.Ordinal), folders);
        None(folders.Where(f => !Summary(f).Contains($"* Floor {FloorOf(f)};", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_namespace_is_named_after_its_folder() =>
        None(
            from file in Files
            let folder = Path.GetDirectoryName(file)!["src/".Length..].Replace('/', '.')
            where Namespace().Match(Repository.Read(file)).Groups["name"].Value != folder
            select file
        );

    [Fact]
    public void A_folder_uses_only_lower_floors() =>
        None(
            from use in Uses
            where FloorOf(use.To) >= FloorOf(use.From)
            select $"{use.From} uses {use.To} ({use.Evidence})"
        );

    [Fact]
    public void No_two_folders_use_each_other() =>
        None(
            from use in Uses
            where Uses.Any(back => back.From == use.To && back.To == use.From)
            select $"{use.From} <-> {use.To} ({use.Evidence})"
        );

    [Fact]
    public void No_folder_uses_itself_through_others()
    {
        // Removes every folder that uses none of those left; what cannot be removed is a circle or uses one.
        var left = Files.Select(FolderOf).ToHashSet(StringComparer.Ordinal);
        while (left.RemoveWhere(folder => !Uses.Any(u => u.From == folder && left.Contains(u.To))) > 0) { }

        None(left);
    }

    [Fact]
    public void A_summary_names_types_of_its_folder() =>
        None(
            from folder in Floors.SelectMany(f => f)
            from name in TypeInBackticks().Matches(Summary(folder))
            where !TypesByFolder[folder].Contains(name.Groups["name"].Value)
            select $"{folder}: {name.Value}"
        );

    [Theory]
    [InlineData("using Vault.Core.Consent;", true)]
    [InlineData("using static Vault.Core.Consent.LinkErrors;", true)]
    [InlineData("using Links = Vault.Core.Consent.LinkErrors;", true)]
    [InlineData("class A { Vault.Core.Consent.LinkErrors? b; }", true)]
    [InlineData("class A { Consent.LinkStatus b; }", true)]
    [InlineData("class A { string b = \"https://a\" + Consent.LinkErrors.C; }", true)]
    [InlineData("/// <see cref=\"Consent.LinkStatus\"/>\nclass A { string Consent; int B => Consent.Length; }", false)]
    public void The_reader_sees_every_way_to_use_another_folder(string source, bool uses) =>
        Assert.Equal(uses ? ["Consent"] : [], UsesOf(source).Select(u => u.To));

    private static IEnumerable<(string To, string Name)> UsesOf(string source)
    {
        var code = CommentOrString().Replace(source, "${string}");
        foreach (Match full in FullName().Matches(code))
            yield return (full.Groups["folder"].Value, full.Value);
        foreach (Match part in QualifiedName().Matches(code))
        {
            var folder = part.Groups["folder"].Value;
            if (TypesByFolder[folder].Contains(part.Groups["type"].Value))
                yield return (folder, part.Value);
        }
    }

    private static string FolderOf(string file) => file[Core.Length..].Split('/')[0];

    private static int FloorOf(string folder) => Array.FindIndex(Floors, f => f.Contains(folder));

    private static string Summary(string folder) => Repository.Read($"{Core}{folder}/README.md");

    private static void None(IEnumerable<string> offenders)
    {
        var all = string.Join('\n', offenders);
        Assert.True(all.Length == 0, all);
    }

    [GeneratedRegex(@"(?<string>""(\\.|[^""\\\n])*"")|//.*$|/\*[\s\S]*?\*/", RegexOptions.Multiline)]
    private static partial Regex CommentOrString();

    [GeneratedRegex(@"^namespace (?<name>[\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    [GeneratedRegex(@"\bVault\.Core\.(?<folder>\w+)(?<!^namespace Vault\.Core\.\w+)(\.\w+)*", RegexOptions.Multiline)]
    private static partial Regex FullName();

    [GeneratedRegex(@"(?<![\w.])(?<folder>[A-Z]\w+)\.(Schema\.)?(?<type>[A-Z]\w+)")]
    private static partial Regex QualifiedName();

    [GeneratedRegex(
        @"^(public|internal|file) (\w+ )*?(class|record struct|record|struct|interface|enum) (?<name>\w+)",
        RegexOptions.Multiline
    )]
    private static partial Regex TopLevelType();

    [GeneratedRegex(@"`(?<name>[A-Z][a-z0-9]\w*|I[A-Z][a-z]\w*)(?=[`.<])")]
    private static partial Regex TypeInBackticks();
}
