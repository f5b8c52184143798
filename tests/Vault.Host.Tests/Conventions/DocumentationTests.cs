using System.Text.Json;
using System.Text.RegularExpressions;
using Vault.Core.Errors;

namespace Vault.Host.Tests.Conventions;

/// <summary>The documents agree with the tree: errors, counts, links, paths.</summary>
public sealed partial class DocumentationTests
{
    private static readonly string[] Pages =
    [
        .. Directory
            .EnumerateFiles(Repository.Root, "*.md")
            .Select(f => Path.GetFileName(f))
            .Order(StringComparer.Ordinal),
        .. new[] { "docs", "silo-config", "src" }.SelectMany(folder => Repository.Sources(folder, "*.md")),
    ];

    [Fact]
    public void The_error_table_is_the_catalogue()
    {
        var text = Repository.Read("docs/errors.md");
        var begin = text.IndexOf("<!-- errors:begin", StringComparison.Ordinal);
        var start = text.IndexOf('\n', begin) + 1;
        var end = text.IndexOf("<!-- errors:end -->", StringComparison.Ordinal);
        var rows = ErrorCatalogue.All.Select(e =>
            $"| `{e.Code}` | {e.Status} | {e.Kind.ToString().ToLowerInvariant()} | {(e.CanRetry ? "yes" : "no")} "
            + $"| {e.Title} | {e.Retry} |\n"
        );
        const string Head = "| code | HTTP | kind | retry | meaning | what to do |\n|---|---|---|---|---|---|\n";
        Assert.Equal(Head + string.Concat(rows), text[start..end]);
    }

    [Fact]
    public void The_counts_of_providers_tools_and_documented_answers_are_those_of_the_tree()
    {
        var packs = Repository
            .Sources("src/Vault.Providers/packs", "*.json")
            .Where(f => !f.EndsWith("pack.schema.json", StringComparison.Ordinal))
            .Select(Json)
            .Where(p => !p.TryGetProperty("development_only", out _))
            .ToList();
        var keys = packs.Count(p =>
            p.TryGetProperty("notes", out var notes)
            && notes
                .EnumerateArray()
                .Any(n => n.GetString()!.Contains("open catalogue of connectors", StringComparison.Ordinal))
        );
        var tools = packs.Sum(p => p.TryGetProperty("tools", out var list) ? list.GetArrayLength() : 0);
        var answers = new[] { "token", "api" }.Sum(k =>
            Json($"tests/Vault.Providers.Tests/Cases/{k}-answers.json").GetArrayLength()
        );
        Says("README.md", $"{packs.Count} providers with {tools} tools");
        Says("docs/providers.md", $"{packs.Count} providers with {tools} tools");
        Says("docs/providers.md", $"Of the providers {keys} are services");
        Says("docs/promises.md", $"{answers} documented answers");
    }

    [Fact]
    public void Every_relative_link_leads_to_a_file_and_a_heading() =>
        Assert.Empty(
            from page in Pages
            from Match link in Link().Matches(Repository.Read(page))
            let target = link.Groups["target"].Value
            where !target.Contains("://", StringComparison.Ordinal) && !Leads(page, target)
            select $"{page}: {target}"
        );

    [Fact]
    public void Every_path_that_a_document_names_exists() =>
        Assert.Empty(
            from page in Pages
            from path in Named().Matches(Repository.Read(page)).Select(m => m.Groups["path"].Value).Distinct()
            where !path.Contains('*', StringComparison.Ordinal)
            where !Path.Exists(Path.Combine(Repository.Root, path))
            select $"{page}: {path}"
        );

    [Fact]
    public void Every_test_class_that_a_document_names_exists()
    {
        var tests = Repository.Sources("tests").Select(f => Path.GetFileNameWithoutExtension(f)).ToHashSet();
        Assert.Empty(
            from page in Pages
            from Match name in TestClass().Matches(Repository.Read(page))
            where !tests.Contains(name.Groups["name"].Value)
            select $"{page}: {name.Value}"
        );
    }

    private static JsonElement Json(string path) => JsonDocument.Parse(Repository.Read(path)).RootElement;

    private static void Says(string page, string text) =>
        Assert.Contains(text, Regex.Replace(Repository.Read(page), @"\s+", " "), StringComparison.Ordinal);

    private static bool Leads(string page, string target)
    {
        var (file, anchor) = target.Split('#', 2) is [var f, var a] ? (f, a) : (target, null);
        var path = file.Length == 0 ? page : Path.Combine(Path.GetDirectoryName(page)!, file);
        var full = Path.GetFullPath(Path.Combine(Repository.Root, path));
        if (!Path.Exists(full))
            return false;
        return anchor is null
            || Heading().Matches(File.ReadAllText(full)).Any(h => Slug(h.Groups["text"].Value) == anchor);
    }

    /// <summary>The anchor that GitHub gives a heading: lower case, without punctuation, hyphens for spaces.</summary>
    private static string Slug(string heading) =>
        string.Concat(
            heading
                .Trim()
                .ToLowerInvariant()
                .Where(c => char.IsLetterOrDigit(c) || c is ' ' or '-' or '_')
                .Select(c => c == ' ' ? '-' : c)
        );

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"(?<![\w/.-])(?:\./)?(?<path>(?:src|scripts|tests|silo-config|docs)/[\w./*-]*\w)")]
    private static partial Regex Named();

    [GeneratedRegex(@"`(?<name>\w+Tests)`")]
    private static partial Regex TestClass();

    [GeneratedRegex(@"^#+ (?<text>.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();
}
