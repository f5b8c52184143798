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
    public void Every_path_it_names_exists()
    {
        var paths = System.Text.RegularExpressions.Regex.Matches(Text, @"(?<![\w/.])\.?/?((?:src|scripts|tests|silo-config)/[\w./*-]*\w)").Select(m => m.Groups[1].Value).Distinct();
        Assert.All(paths.Where(p => !p.Contains('*', StringComparison.Ordinal)), p => Assert.True(Path.Exists(Path.Combine(Repository.Root, p)), p + " is named in the README and is not there."));
    }
}
