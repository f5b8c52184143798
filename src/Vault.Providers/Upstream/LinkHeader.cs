using System.Text;

namespace Vault.Providers.Upstream;

/// <summary>
/// RFC 8288 3: <c>&lt;target&gt;; parameter="value", …</c>. A target and a quoted value may hold commas, semicolons and
/// brackets; names of parameters and relation types are compared without regard to case; one parameter may name several
/// relations.
/// </summary>
internal static class LinkHeader
{
    /// <summary>The target of the first link with the relation; null if there is none.</summary>
    public static string? Target(string header, string relation)
    {
        foreach (var (target, parameters) in Links(header))
        {
            // RFC 8288 3.2: a link with another context says nothing about this response.
            if (parameters.Exists(p => p.Name == "anchor"))
                continue;

            // RFC 8288 3.3: all occurrences after the first are ignored.
            var index = parameters.FindIndex(p => p.Name == "rel");
            if (
                index >= 0
                && parameters[index]
                    .Value.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)
                    .Contains(relation, StringComparer.OrdinalIgnoreCase)
            )
                return target;
        }

        return null;
    }

    /// <summary>The header with its targets replaced; everything else stays as it is.</summary>
    public static string MapTargets(string header, Func<string, string> map)
    {
        var result = new StringBuilder();
        for (var at = 0; at < header.Length; at++)
        {
            if (header[at] == '"')
            {
                var end = AfterQuoted(header, at);
                result.Append(header, at, end - at);
                at = end - 1;
            }
            else if (header[at] == '<' && header.IndexOf('>', at) is var close and > 0)
            {
                result.Append('<').Append(map(header[(at + 1)..close])).Append('>');
                at = close;
            }
            else
                result.Append(header[at]);
        }

        return result.ToString();
    }

    private static IEnumerable<(string Target, List<(string Name, string Value)> Parameters)> Links(string header)
    {
        for (var at = 0; (at = header.IndexOf('<', at)) >= 0; )
        {
            var close = header.IndexOf('>', at);
            if (close < 0)
                yield break;
            var target = header[(at + 1)..close].Trim();
            at = close + 1;
            var parameters = new List<(string Name, string Value)>();
            while (at < header.Length && header[at] != ',')
            {
                if (header[at] == ';')
                {
                    at++;
                    var (name, value, next) = Parameter(header, at);
                    if (name.Length > 0)
                        parameters.Add((name, value));
                    at = next;
                }
                else
                    at++;
            }

            yield return (target, parameters);
        }
    }

    private static (string Name, string Value, int Next) Parameter(string header, int at)
    {
        var start = at;
        while (at < header.Length && header[at] is not ('=' or ';' or ','))
            at++;
        var name = header[start..at].Trim().ToLowerInvariant();
        if (at >= header.Length || header[at] != '=')
            return (name, "", at);
        at++;
        while (at < header.Length && header[at] is ' ' or '\t')
            at++;
        start = at;
        if (at < header.Length && header[at] == '"')
        {
            at = AfterQuoted(header, at);
            var quoted = header[(start + 1)..Math.Max(start + 1, at - 1)];
            return (name, quoted.Replace("\\", "", StringComparison.Ordinal), at);
        }

        while (at < header.Length && header[at] is not (';' or ','))
            at++;
        return (name, header[start..at].Trim(), at);
    }

    /// <summary>The place after the quoted string that begins here (RFC 9110 5.6.4).</summary>
    private static int AfterQuoted(string text, int at)
    {
        for (at++; at < text.Length; at++)
        {
            if (text[at] == '\\')
                at++;
            else if (text[at] == '"')
                return at + 1;
        }

        return text.Length;
    }
}
