using Vault.Core.Errors;

namespace Vault.Host.Tests.Conventions;

/// <summary>The README says nothing that is not so.</summary>
public sealed class ReadmeTests
{
    private static readonly string Text = Repository.Read("README.md");

    [Fact]
    public void Its_error_table_is_the_catalogue()
    {
        var begin = Text.IndexOf("<!-- errors:begin", StringComparison.Ordinal);
        var start = Text.IndexOf('\n', begin) + 1;
        var end = Text.IndexOf("<!-- errors:end -->", StringComparison.Ordinal);
        var expected = "| code | HTTP | kind | retry | meaning | what to do |\n|---|---|---|---|---|---|\n"
            + string.Concat(ErrorCatalogue.All.Select(e => $"| `{e.Code}` | {e.Status} | {e.Kind.ToString().ToLowerInvariant()} | {(e.CanRetry ? "yes" : "no")} | {e.Title} | {e.Retry} |\n"));
        Assert.Equal(expected, Text[start..end]);
    }

    [Fact]
    public void Its_counts_of_providers_and_answers_are_those_of_the_tree()
    {
        var packs = Repository.Sources("src/Vault.Providers/packs", "*.json").Where(f => !f.EndsWith("pack.schema.json", StringComparison.Ordinal))
            .Select(f => System.Text.Json.JsonDocument.Parse(Repository.Read(f)).RootElement).Where(p => !p.TryGetProperty("development_only", out _)).ToList();
        var keys = packs.Count(p => p.TryGetProperty("notes", out var notes) && notes.EnumerateArray().Any(n => n.GetString()!.Contains("open catalogue of connectors", StringComparison.Ordinal)));
        var tools = packs.Sum(p => p.TryGetProperty("tools", out var list) ? list.GetArrayLength() : 0);
        Assert.Contains($"{packs.Count} providers with {tools} tools", Text, StringComparison.Ordinal);
        Assert.Contains($"{keys} are services that take a key", Text, StringComparison.Ordinal);
        var answers = new[] { "token", "api" }.Sum(k => System.Text.Json.JsonDocument.Parse(Repository.Read($"tests/Vault.Providers.Tests/Cases/{k}-answers.json")).RootElement.GetArrayLength());
        Assert.Contains($"{answers} documented answers", Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_path_it_names_exists()
    {
        var paths = System.Text.RegularExpressions.Regex.Matches(Text, @"(?<![\w/.])\.?/?((?:src|scripts|tests|silo-config)/[\w./*-]*\w)").Select(m => m.Groups[1].Value).Distinct();
        Assert.All(paths.Where(p => !p.Contains('*', StringComparison.Ordinal)), p => Assert.True(Path.Exists(Path.Combine(Repository.Root, p)), p + " is named in the README and is not there."));
    }
}
