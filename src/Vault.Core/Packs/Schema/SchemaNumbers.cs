using System.Globalization;
using System.Text.Json;

namespace Vault.Core.Packs.Schema;

/// <summary>The limits of a number. Multiples are computed with decimals, so that 0.1 is exact.</summary>
internal sealed class SchemaNumbers
{
    public double? Minimum { get; set; }
    public double? Maximum { get; set; }
    public double? ExclusiveMinimum { get; set; }
    public double? ExclusiveMaximum { get; set; }
    public decimal? MultipleOf { get; set; }

    public void Check(JsonElement value, SchemaReport report)
    {
        if (!value.TryGetDouble(out var number) || !double.IsFinite(number))
        {
            report.Add("is too large a number");
            return;
        }

        if (number < Minimum)
            report.Add($"is {Show(value)}, must be at least {Show(Minimum)}");
        if (number > Maximum)
            report.Add($"is {Show(value)}, must be at most {Show(Maximum)}");
        if (number <= ExclusiveMinimum)
            report.Add($"is {Show(value)}, must be more than {Show(ExclusiveMinimum)}");
        if (number >= ExclusiveMaximum)
            report.Add($"is {Show(value)}, must be less than {Show(ExclusiveMaximum)}");
        if (MultipleOf is { } step && (!value.TryGetDecimal(out var exact) || exact % step != 0))
            report.Add($"is {Show(value)}, must be a multiple of {step.ToString(CultureInfo.InvariantCulture)}");
    }

    /// <summary>In 2020-12 a number with a zero fraction is an integer, in every notation.</summary>
    public static bool IsWhole(JsonElement value) =>
        value.TryGetInt64(out _)
        || (
            value.TryGetDecimal(out var exact)
                ? exact == decimal.Truncate(exact)
                : value.TryGetDouble(out var d) && double.IsInteger(d)
        );

    private static string Show(JsonElement value) =>
        value.GetRawText() is { Length: <= 40 } text ? text : "a long number";

    private static string Show(double? limit) => limit!.Value.ToString("R", CultureInfo.InvariantCulture);
}
