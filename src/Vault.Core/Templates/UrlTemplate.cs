using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Vault.Core.Templates;

/// <summary>
/// A URL with <c>{name}</c> variables. A value in scheme, host or port is inserted unescaped; this is safe because its
/// pattern and the host check that follows validate it. A value in path or query is percent-escaped, so it cannot add a
/// segment, a query or a fragment.
/// </summary>
public sealed record UrlTemplate
{
    private readonly ImmutableArray<(string Text, bool IsVariable, bool InOrigin)> _parts;

    private UrlTemplate(string source, ImmutableArray<(string Text, bool IsVariable, bool InOrigin)> parts)
    {
        (Source, _parts) = (source, parts);
        FixedOrigin = IsRelative || parts.Any(p => p.IsVariable && p.InOrigin) ? null : Origin(_ => null);
    }

    public string Source { get; }

    /// <summary>The part of <see cref="Source"/> that decides about the origin.</summary>
    public string OriginSource => Source[..OriginEnd(Source)];

    /// <summary>The origin, where no variable is part of it; null for a relative template.</summary>
    public string? FixedOrigin { get; }

    /// <summary>Whether it begins with a slash and is appended to the API's base URL.</summary>
    public bool IsRelative => Source.StartsWith('/');

    public IEnumerable<string> Variables => _parts.Where(p => p.IsVariable).Select(p => p.Text).Distinct();

    public IEnumerable<string> OriginVariables =>
        _parts.Where(p => p.IsVariable && p.InOrigin).Select(p => p.Text).Distinct();

    public static UrlTemplate Parse(string text) =>
        TryParse(text, out var template, out var fault) ? template : throw new FormatException(fault);

    public static bool TryParse(string? text, [NotNullWhen(true)] out UrlTemplate? template, out string fault)
    {
        template = null;
        fault = "";
        if (string.IsNullOrEmpty(text))
            return Fail("is empty", out fault);
        if (text.Any(c => c <= ' ' || c == 0x7f || c == '\\'))
            return Fail("contains a space, a backslash or a control character", out fault);
        var originEnd = OriginEnd(text);
        var parts = ImmutableArray.CreateBuilder<(string, bool, bool)>();
        for (var i = 0; i < text.Length; )
        {
            var open = text.IndexOf('{', i);
            var literal = open < 0 ? text[i..] : text[i..open];
            if (literal.Contains('}', StringComparison.Ordinal))
                return Fail("has a '}' without its '{'", out fault);
            if (literal.Length > 0)
                parts.Add((literal, false, i < originEnd));
            if (open < 0)
                break;
            var close = text.IndexOf('}', open);
            if (close < 0)
                return Fail("has a '{' without its '}'", out fault);
            var name = text[(open + 1)..close];
            if (!IsName(name))
                return Fail($"has '{{{name}}}', which is not a name of letters, digits and '_'", out fault);
            parts.Add((name, true, open < originEnd));
            i = close + 1;
        }

        template = new UrlTemplate(text, parts.ToImmutable());
        return true;
    }

    public static bool IsName(string text) =>
        text is { Length: > 0 and <= 64 } && text.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');

    /// <summary>Null when a variable has no value; <paramref name="missing"/> then names it.</summary>
    public string? Expand(Func<string, string?> value, out string? missing)
    {
        ArgumentNullException.ThrowIfNull(value);
        missing = null;
        var url = new DefaultInterpolatedStringHandler(0, 0, null, stackalloc char[512]);
        foreach (var (text, isVariable, inOrigin) in _parts)
        {
            if (!isVariable)
            {
                url.AppendLiteral(text);
                continue;
            }

            if (value(text) is not { Length: > 0 } found)
            {
                missing = text;
                return null;
            }

            if (!inOrigin && HasDotSegment(found))
            {
                missing = text;
                return null;
            }

            url.AppendLiteral(inOrigin ? found : Uri.EscapeDataString(found));
        }

        return url.ToStringAndClear();
    }

    /// <summary>
    /// The origin that <see cref="Expand"/> leads to with these values; null when a variable in it has no value. The
    /// other variables do not count: escaped, they cannot change the origin.
    /// </summary>
    public string? Origin(Func<string, string?> value)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (FixedOrigin is not null)
            return FixedOrigin;
        var url = new DefaultInterpolatedStringHandler(0, 0, null, stackalloc char[256]);
        var complete = true;
        foreach (var (text, isVariable, _) in _parts.TakeWhile(p => p.InOrigin))
        {
            var found = isVariable ? value(text) : text;
            complete &= found is { Length: > 0 };
            url.AppendLiteral(found ?? "");
        }

        // Call it in every case: it returns an array that the handler may have rented.
        var origin = url.ToStringAndClear();
        return complete && Uri.TryCreate(origin, UriKind.Absolute, out var uri) ? Destinations.OriginOf(uri) : null;
    }

    /// <summary>
    /// Whether a value contains "." or ".." as a path segment. URL parsers resolve an escaped dot segment too, and
    /// servers that unescape first also resolve one between escaped slashes. The URL would then leave the tool's path.
    /// </summary>
    public static bool HasDotSegment(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return value.Contains('.', StringComparison.Ordinal) && value.Split('/', '\\').Any(s => s is "." or "..");
    }

    public bool Equals(UrlTemplate? other) => other is not null && Source == other.Source;

    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(Source);

    public override string ToString() => Source;

    // "{base_url}/x" and "https://{host}/x": the origin ends at the first slash after "://" or after the leading
    // variable.
    private static int OriginEnd(string text)
    {
        if (text[0] == '/')
            return 0;
        var scheme = text.IndexOf("://", StringComparison.Ordinal);
        var from = scheme >= 0 && !text[..scheme].Contains('{', StringComparison.Ordinal) ? scheme + 3 : 0;
        var end = text.AsSpan(from).IndexOfAny('/', '?', '#');
        return end < 0 ? text.Length : from + end;
    }

    private static bool Fail(string reason, out string fault)
    {
        fault = reason;
        return false;
    }
}
