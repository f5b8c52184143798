using System.Globalization;
using System.Text;
using Vault.Benchmarks.Measure;

namespace Vault.Benchmarks.Report;

/// <summary>
/// Bars as SVG: throughput as a share of the floor's, an operation below the other. Readable on light and dark pages.
/// </summary>
internal static class Chart
{
    private const int Width = 760,
        Left = 250,
        BarWidth = 400,
        BarHeight = 16,
        Gap = 5;

    public static string Draw(BenchRun run)
    {
        var body = new StringBuilder();
        var y = 34;
        var cells = run.Cells.Where(c => Ratios.Throughput(run, "floor", c) is not null).ToList();
        var largest = cells.Count == 0 ? 1 : cells.Max(c => Ratios.Throughput(run, "floor", c)!.Value);
        foreach (var group in cells.GroupBy(c => (c.Operation, c.Concurrency)))
        {
            y += 14;
            Text(
                body,
                12,
                y,
                $"{group.Key.Operation}, {group.Key.Concurrency.ToString(CultureInfo.InvariantCulture)} connection{(group.Key.Concurrency == 1 ? "" : "s")}",
                "bold"
            );
            y += 8;
            foreach (var cell in group)
            {
                var ratio = Ratios.Throughput(run, "floor", cell)!.Value;
                Text(body, 24, y + 12, Ratios.Row(cell.Target, cell.Accounts), "normal");
                body.Append(
                    CultureInfo.InvariantCulture,
                    $"<rect x=\"{Left}\" y=\"{y}\" width=\"{Math.Max(1, ratio / largest * BarWidth):0.#}\" height=\"{BarHeight}\" fill=\"{Colour(cell.Target)}\"/>\n"
                );
                Text(
                    body,
                    Left + (int)(ratio / largest * BarWidth) + 6,
                    y + 12,
                    $"{Ratios.Text(ratio)}  ({cell.Throughput.ToString("#,0", CultureInfo.InvariantCulture)}/s)",
                    "normal"
                );
                y += BarHeight + Gap;
            }
        }

        y += 16;
        Text(
            body,
            12,
            y,
            $"{run.Date:yyyy-MM-dd}, {run.Machine.Cores} x {run.Machine.Processor}; everything on one machine, ledger durable. ./scripts/bench",
            "normal"
        );
        return $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{Width}\" height=\"{y + 14}\" viewBox=\"0 0 {Width} {y + 14}\" font-family=\"sans-serif\" font-size=\"12\" role=\"img\" aria-label=\"Throughput as a share of a bare reverse proxy's\">\n"
            + $"<rect width=\"{Width}\" height=\"{y + 14}\" fill=\"#ffffff\"/>\n"
            + $"<text x=\"12\" y=\"22\" font-size=\"14\" font-weight=\"bold\" fill=\"#1f2328\">Throughput; 1.00 is a bare reverse proxy with a fixed header</text>\n{body}</svg>\n";
    }

    private static void Text(StringBuilder to, int x, int y, string text, string weight) =>
        to.Append(
            CultureInfo.InvariantCulture,
            $"<text x=\"{x}\" y=\"{y}\" font-weight=\"{weight}\" fill=\"#1f2328\">{System.Security.SecurityElement.Escape(text)}</text>\n"
        );

    private static string Colour(string target) =>
        target switch
        {
            "direct" => "#afb8c1",
            "floor" => "#6e7781",
            "homegrown" => "#bf8700",
            _ => "#1a7f37",
        };
}
