using System.Text.Json;
using Spectre.Console;

namespace Vault.Cli;

/// <summary>
/// Where a command reads and writes. Answers go to <see cref="Out"/>, everything about them to <see cref="Error"/>, so
/// that a pipe carries answers only.
/// </summary>
/// <param name="Width">Columns of the terminal; null where the output is no terminal, and nothing is wrapped or
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

    /// <summary>Rows under heads; the cells are text, not markup.</summary>
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
        // Cells are filled with blanks up to their column's width; a line that ends in them is a nuisance to whoever
        // pipes it.
        foreach (var line in text.ToString().Split('\n').Select(l => l.TrimEnd()).Where(l => l.Length > 0))
            Out.WriteLine(line);
    }

    // What a provider or a user wrote must not steer a terminal.
    private static string Clean(string? text) => new([.. (text ?? "").Select(c => char.IsControl(c) ? ' ' : c)]);
}

/// <summary>The command cannot do what was asked; the message says what to change.</summary>
public sealed class CliException(string message, int exitCode = VaultCommand.Failed) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}
