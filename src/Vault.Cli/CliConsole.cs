using System.Text.Json;
using Spectre.Console;

namespace Vault.Cli;

/// <summary>
/// The input and output of a command. Results go to <see cref="Out"/> and messages to <see cref="Error"/>, so a pipe
/// carries only results.
/// </summary>
/// <param name="Width">Columns of the terminal; null if the output is not a terminal, and then nothing is wrapped or
/// coloured.</param>
public sealed record CliConsole(
    TextWriter Out,
    TextWriter Error,
    Stream In,
    IReadOnlyDictionary<string, string> Environment,
    int? Width = null
)
{
    public static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public void Json(object? value) => Out.WriteLine(JsonSerializer.Serialize(value, Indented));

    /// <summary>Prints rows under column headings; cells are plain text, not markup.</summary>
    public void Table(IEnumerable<string> heads, IEnumerable<IReadOnlyList<string?>> rows)
    {
        var table = new Table().Border(TableBorder.None);
        foreach (var head in heads)
            table.AddColumn(new TableColumn(new Text(head.ToUpperInvariant())).NoWrap().PadRight(2));
        foreach (var row in rows)
            table.AddRow(row.Select(cell => new Text(Clean(cell))));
        var text = new StringWriter();
        var console = AnsiConsole.Create(
            new AnsiConsoleSettings
            {
                Out = new AnsiConsoleOutput(text),
                Ansi = AnsiSupport.No,
                ColorSystem = ColorSystemSupport.NoColors,
                Interactive = InteractionSupport.No,
            }
        );
        console.Profile.Width = Width ?? 100_000;
        console.Write(table);
        // Cells are padded to the width of their column; remove trailing blanks for the next program in the pipe.
        foreach (var line in text.ToString().Split('\n').Select(l => l.TrimEnd()).Where(l => l.Length > 0))
            Out.WriteLine(line);
    }

    // Text from a provider or a user must not contain terminal control sequences.
    private static string Clean(string? text) => new([.. (text ?? "").Select(c => char.IsControl(c) ? ' ' : c)]);
}

/// <summary>The command failed; the message says what to change.</summary>
public sealed class CliException(string message, int exitCode = VaultCommand.Failed) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}
