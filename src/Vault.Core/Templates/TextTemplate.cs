using System.Runtime.CompilerServices;

namespace Vault.Core.Templates;

/// <summary>
/// A string with <c>{name}</c> variables, for headers, parameters and claims. Values are inserted without escaping; the
/// caller escapes the result for its use.
/// </summary>
public static class TextTemplate
{
    /// <summary>The names of the variables; null when a brace has no partner or does not enclose a name.</summary>
    public static IReadOnlyList<string>? Variables(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var names = new List<string>();
        return Walk(text, _ => { }, names.Add) ? names : null;
    }

    /// <summary>Null when a variable has no value; <paramref name="missing"/> then names it.</summary>
    public static string? Expand(string text, Func<string, string?> value, out string? missing)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(value);
        if (!text.Contains('{', StringComparison.Ordinal))
        {
            missing = null;
            return text;
        }

        missing = null;
        var result = new DefaultInterpolatedStringHandler(0, 0, null, stackalloc char[256]);
        foreach (var (part, isVariable) in Parsed.GetValue(text, Split))
        {
            if (!isVariable)
                result.AppendLiteral(part);
            else if (value(part) is { } found)
                result.AppendLiteral(found);
            else
                missing ??= part;
        }

        // Call it in every case: it returns an array that the handler may have rented.
        var expanded = result.ToStringAndClear();
        return missing is null ? expanded : null;
    }

    // Keyed by reference: a template lives as long as its pack and is parsed once.
    private static readonly ConditionalWeakTable<string, (string Text, bool IsVariable)[]> Parsed = [];

    private static (string Text, bool IsVariable)[] Split(string text)
    {
        var parts = new List<(string, bool)>();
        Walk(text, literal => parts.Add((literal, false)), name => parts.Add((name, true)));
        return [.. parts];
    }

    private static bool Walk(string text, Action<string> literal, Action<string> variable)
    {
        for (var i = 0; i < text.Length; )
        {
            var open = text.IndexOf('{', i);
            var part = open < 0 ? text[i..] : text[i..open];
            if (part.Contains('}', StringComparison.Ordinal))
                return false;
            literal(part);
            if (open < 0)
                return true;
            var close = text.IndexOf('}', open);
            if (close < 0 || !UrlTemplate.IsName(text[(open + 1)..close]))
                return false;
            variable(text[(open + 1)..close]);
            i = close + 1;
        }

        return true;
    }
}
