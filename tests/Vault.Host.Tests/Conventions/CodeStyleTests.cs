using System.Text.RegularExpressions;

namespace Vault.Host.Tests.Conventions;

/// <summary>Habits that a review has asked for twice.</summary>
public sealed partial class CodeStyleTests
{
    private static readonly string[] All = [.. Repository.Sources("src"), .. Repository.Sources("tests")];

    public static TheoryData<string> Sources => [.. All];

    [Fact]
    public void Files_stay_under_400_lines() =>
        None(
            All.Select(f => (File: f, Lines: Repository.Read(f).Count(c => c == '\n')))
                .Where(x => x.Lines > 400)
                .Select(x => $"{x.File}: {x.Lines} lines")
        );

    [Fact]
    public void No_type_is_called_manager_helper_or_util() => None(Offenders(All, VagueName()));

    [Fact]
    public void Classes_are_sealed_static_or_abstract()
    {
        // A class that another one extends cannot be sealed.
        var everything = string.Concat(Repository.Sources("src").Select(Repository.Read));
        None(
            Offenders(Repository.Sources("src"), OpenClass())
                .Where(o =>
                    !everything.Contains(
                        ": "
                            + OpenClass()
                                .Match(o[(o.IndexOf(": ", StringComparison.Ordinal) + 2)..])
                                .Groups["name"]
                                .Value,
                        StringComparison.Ordinal
                    )
                )
        );
    }

    [Fact]
    public void A_method_that_returns_a_task_ends_in_async() =>
        None(Offenders(Repository.Sources("src"), TaskWithoutAsync()));

    [Fact]
    public void The_cancellation_token_comes_last() => None(Offenders(Repository.Sources("src"), TokenNotLast()));

    [Fact]
    public void Nothing_is_left_unfinished() => None(Offenders(Repository.Sources("src"), Unfinished()));

    [Fact]
    public void Tests_neither_sleep_nor_skip() =>
        None(
            Offenders(
                Repository
                    .Sources("tests")
                    .Where(f =>
                        f.Contains(".Tests/", StringComparison.Ordinal)
                        && !f.EndsWith("/CodeStyleTests.cs", StringComparison.Ordinal)
                    ),
                SleepOrSkip()
            )
        );

    // One text, so that a failure names every place.
    private static void None(IEnumerable<string> offenders) => Assert.Equal("", string.Join('\n', offenders));

    private static IEnumerable<string> Offenders(IEnumerable<string> files, Regex pattern) =>
        from file in files
        from line in Repository.Read(file).Split('\n').Select((text, index) => (Text: text, Number: index + 1))
        where pattern.IsMatch(line.Text)
        select $"{file}:{line.Number}: {line.Text.Trim()}";

    [GeneratedRegex(@"\b(class|record|struct|interface|enum)\s+\w*(Manager|Helper|Helpers|Util|Utils|Utilities)\b")]
    private static partial Regex VagueName();

    [GeneratedRegex(
        @"^\s*(public|internal|private|protected)?\s*(partial\s+)?(class|record(?!\s+struct))\s+(?<name>\w+)"
    )]
    private static partial Regex OpenClass();

    [GeneratedRegex(
        @"^\s*(public|internal|private|protected)[\w\s]*\s(Task|ValueTask)(<[^(]*>)?\s+(?!\w*Async\b|Main\b)\w+(<\w+>)?\("
    )]
    private static partial Regex TaskWithoutAsync();

    [GeneratedRegex(
        @"(public|internal|private|protected).*\(.*CancellationToken\s+\w+\s*,\s*(?!CancellationToken)[A-Z]\w*(<.*>)?\??\s+\w+(?!.*=)"
    )]
    private static partial Regex TokenNotLast();

    [GeneratedRegex(@"\b(TODO|FIXME|HACK|XXX)\b|NotImplementedException")]
    private static partial Regex Unfinished();

    // Vault.TestKit's Eventually is how a test waits.
    [GeneratedRegex(
        @"Skip\s*=\s*""|Thread\.Sleep\(|Task\.Delay\((?!.*(time|Time|clock|Clock))|PeriodicTimer|SpinWait|new CancellationTokenSource\(TimeSpan"
    )]
    private static partial Regex SleepOrSkip();
}
