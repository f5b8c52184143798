using System.Collections.Immutable;

namespace Vault.Core.Accounts;

/// <summary>
/// The granted scopes of a response in the spelling of the requested ones. Tools name the requested spelling; providers
/// answer in other case, with or without the URL before the name, and leave out what another granted scope includes.
/// A scope that was not requested stays as it is. The provider decides all the same: a scope that is taken for granted
/// here and is not costs one refused call.
/// </summary>
public static class ReportedScopes
{
    /// <summary>Words of a scope that reads, each with those of the scope that also reads.</summary>
    private static readonly ImmutableArray<(string Read, ImmutableArray<string> Wider)> Wider =
    [
        ("readonly", ["", "write", "readwrite", "full", "manage", "modify"]),
        ("read", ["write", "readwrite", "read_write", "manage", "admin"]),
        ("view", ["manage", "edit"]),
    ];

    public static ImmutableArray<string> InTermsOf(ImmutableArray<string> requested, ImmutableArray<string> reported)
    {
        if (requested.IsDefaultOrEmpty || reported.IsDefaultOrEmpty || requested.All(reported.Contains))
            return reported;
        var granted = reported.SelectMany(t => Spelled(t, requested)).Distinct(StringComparer.Ordinal).ToList();
        granted.AddRange([
            .. requested.Where(r => !granted.Contains(r) && granted.Any(g => requested.Contains(g) && Includes(g, r))),
        ]);
        return [.. granted];
    }

    private static IEnumerable<string> Spelled(string reported, ImmutableArray<string> requested)
    {
        if (requested.Contains(reported))
            return [reported];
        if (requested.FirstOrDefault(r => Same(r, reported)) is { } other)
            return [other];
        // A URL is compared by its last segment, if only one of the two is a URL: two URLs name two APIs.
        var name = Name(reported);
        var fitting = requested.Where(r => IsUrl(r) != IsUrl(reported) && Same(Name(r), name)).Take(2).ToList();
        if (fitting.Count == 1)
            return fitting;
        // '+' may belong to a scope, so it separates only what was requested.
        var parts = reported.Split('+', StringSplitOptions.RemoveEmptyEntries);
        return parts.Length > 1 && parts.All(p => requested.Any(r => Same(r, p)))
            ? parts.SelectMany(p => Spelled(p, requested))
            : [reported];
    }

    private static bool IsUrl(string scope) => scope.Contains("://", StringComparison.Ordinal);

    private static string Name(string scope) =>
        IsUrl(scope) ? scope.TrimEnd('/')[(scope.TrimEnd('/').LastIndexOf('/') + 1)..] : scope;

    private static bool Same(string a, string b) => string.Equals(a, b, StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// Whether two requested scopes differ in one word only, and the granted one is the wider: write_orders and
    /// read_orders, Mail.ReadWrite and Mail.Read.
    /// </summary>
    private static bool Includes(string granted, string wanted)
    {
        foreach (var (read, wider) in Wider)
        {
            var at = wanted.IndexOf(read, StringComparison.OrdinalIgnoreCase);
            if (at < 0)
                continue;
            var (before, after) = (wanted[..at], wanted[(at + read.Length)..]);
            if (
                wider.Any(w =>
                    Same(granted, w.Length > 0 ? before + w + after : before.TrimEnd('.', '_', ':', '-') + after)
                )
            )
                return true;
        }

        return false;
    }
}
