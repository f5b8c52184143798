using System.Collections.Frozen;
using System.Collections.Immutable;
using Vault.Core.Templates;

namespace Vault.Providers.Packs;

/// <summary>Checks header names and values of packs.</summary>
internal static class HeaderReading
{
    /// <summary>
    /// Headers for framing, routing and credentials are reserved for the vault: a pack that sets them could smuggle a
    /// request or send a credential elsewhere.
    /// </summary>
    private static readonly FrozenSet<string> Forbidden = new[]
    {
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "upgrade",
        "te",
        "trailer",
        "expect",
        "cookie",
        "set-cookie",
        "proxy-authorization",
        "content-type",
        "accept-encoding",
        "traceparent",
        "forwarded",
        "x-forwarded-for",
        "x-forwarded-host",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    public static bool IsName(string text) =>
        text.Length is > 0 and <= 64 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');

    public static string? Name(PackNode node, string name)
    {
        var text = node.Text(name, required: true);
        if (text is null || IsName(text))
            return text;
        node.Fault(name, $"'{text}' is not a header name");
        return null;
    }

    public static string? Fault(string header, bool credential)
    {
        if (!IsName(header))
            return $"'{header}' is not a header name";
        if (Forbidden.Contains(header))
            return $"the header '{header}' is set by the vault only";
        return !credential && header.Equals("authorization", StringComparison.OrdinalIgnoreCase)
            ? "a credential belongs in 'auth', which keeps it out of logs"
            : null;
    }

    public static ImmutableSortedDictionary<string, string> Headers(
        PackNode node,
        string name,
        PackScope scope,
        params string[] extraVariables
    )
    {
        var headers = node.TextMap(name);
        foreach (var (header, value) in headers)
        {
            if (Fault(header, credential: false) is { } fault)
                node.Faults.Add($"{node.At(name)}/{LineIndex.Escape(header)}", fault);
            CheckTemplate(node, name + "/" + header, value, scope, extraVariables);
        }

        return headers;
    }

    public static void CheckTemplate(
        PackNode node,
        string at,
        string value,
        PackScope scope,
        params string[] extraVariables
    )
    {
        if (value.Any(char.IsControl))
            Report("holds a control character");
        if (TextTemplate.Variables(value) is not { } variables)
        {
            Report("has an unmatched brace, or braces without a name");
            return;
        }

        foreach (var place in variables)
        {
            if (!scope.Parameters.ContainsKey(place) && !extraVariables.Contains(place))
                Report($"has the unknown variable '{{{place}}}'");
        }

        // The pointer has two parts here, so it is built by hand.
        void Report(string message) => node.Faults.Add(node.Pointer + "/" + at, message);
    }
}
