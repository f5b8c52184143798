using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Vault.Core.Errors;
using Vault.Core.Templates;

namespace Vault.Core.Packs;

public enum ParameterSource
{
    /// <summary>Set by the operator on the connection.</summary>
    Connection,

    /// <summary>Set with an account's credential.</summary>
    Account,

    /// <summary>Read from a token response and validated before use.</summary>
    Captured,
}

/// <summary>
/// A variable in the URLs and templates of a pack. Its value is untrusted until <see cref="Accepts"/> returns true.
/// </summary>
/// <param name="Example">A value that matches. Required for a parameter in a host name, so that the reader of the pack
/// can check the host pinning.</param>
public sealed record PackParameter(
    ParameterSource Source,
    string Pattern,
    bool Required,
    string? Default,
    string? Example,
    string? Description
)
{
    /// <summary>
    /// Another parameter that decides about this one until a consent or a response says more: its value by the other's
    /// (Zoho's servers by data centre).
    /// </summary>
    public string? From { get; init; }

    /// <summary>The values for <see cref="From"/>.</summary>
    public ImmutableSortedDictionary<string, string> Values { get; init; } =
        ImmutableSortedDictionary<string, string>.Empty;

    public const int MaxLength = 512;

    // Keyed by reference and weakly: an accepted value is used for many calls until its row is read again. It is safe
    // because a string is immutable.
    private static readonly ConditionalWeakTable<string, PackParameter> Accepted = [];

    private readonly Regex _pattern = Anchored(Pattern);

    /// <summary>
    /// Whether the whole value matches the pattern. Control characters are never accepted ('$' would accept a trailing
    /// newline).
    /// </summary>
    public bool Accepts(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (Accepted.TryGetValue(value, out var by) && ReferenceEquals(by, this))
            return true;
        if (value.Length is 0 or > MaxLength || value.Any(char.IsControl) || !_pattern.IsMatch(value))
            return false;
        Accepted.AddOrUpdate(value, this);
        return true;
    }

    /// <summary>
    /// Compiles the pattern so that the whole value must match, even if the pattern has a top-level alternation. The
    /// match takes linear time.
    /// </summary>
    /// <exception cref="ArgumentException">The pattern is invalid or needs backtracking.</exception>
    public static Regex Anchored(string pattern)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        var inner = pattern.StartsWith('^') ? pattern[1..] : pattern;
        if (inner.EndsWith('$') && !inner.EndsWith("\\$", StringComparison.Ordinal))
            inner = inner[..^1];
        try
        {
            return Patterns.Get($"\\A(?:{inner})\\z");
        }
        catch (NotSupportedException e)
        {
            throw new ArgumentException("needs backtracking (look-around or back references)", nameof(pattern), e);
        }
    }
}

/// <summary>Validates parameters from outside against their pack.</summary>
public static class PackParameters
{
    /// <summary>
    /// All faults in the values of one source: unknown names, missing names, values that do not match.
    /// </summary>
    /// <param name="pack">The pack that declares the parameters.</param>
    /// <param name="values">The values by name.</param>
    /// <param name="source">The source of the values.</param>
    /// <param name="orCaptured">Whether captured parameters are accepted too: imported tokens have no token response to
    /// capture them from.</param>
    public static ImmutableArray<Violation> Check(
        ProviderPack pack,
        IReadOnlyDictionary<string, string> values,
        ParameterSource source,
        bool orCaptured = false
    )
    {
        ArgumentNullException.ThrowIfNull(pack);
        ArgumentNullException.ThrowIfNull(values);
        var known = pack.Details.Parameters;
        var faults = ImmutableArray.CreateBuilder<Violation>();
        foreach (var (name, value) in values)
        {
            if (
                !known.TryGetValue(name, out var parameter)
                || !(parameter.Source == source || (orCaptured && parameter.Source == ParameterSource.Captured))
            )
                faults.Add(
                    new(
                        "parameters." + name,
                        $"unknown; {pack.Id} takes "
                            + List(
                                known
                                    .Where(p =>
                                        p.Value.Source == source
                                        || (orCaptured && p.Value.Source == ParameterSource.Captured)
                                    )
                                    .Select(p => p.Key)
                            )
                    )
                );
            else if (!parameter.Accepts(value))
                faults.Add(
                    new(
                        "parameters." + name,
                        $"does not fit {parameter.Pattern}"
                            + (parameter.Example is null ? "" : $" (for example {parameter.Example})")
                    )
                );
        }

        foreach (var (name, parameter) in known)
        {
            // Imported tokens have no consent to read a captured parameter from, and without it no call could be made.
            if (
                (parameter.Source == source || (orCaptured && parameter.Source == ParameterSource.Captured))
                && parameter is { Required: true, Default: null }
                && !values.ContainsKey(name)
            )
                faults.Add(
                    new(
                        "parameters." + name,
                        "missing" + (parameter.Description is null ? "" : ": " + parameter.Description)
                    )
                );
        }

        return faults.ToImmutable();
    }

    /// <summary>
    /// The value of a parameter or its default; null when there is neither or the value does not match its pattern.
    /// </summary>
    public static string? Find(ProviderPack pack, IReadOnlyDictionary<string, string> values, string name)
    {
        ArgumentNullException.ThrowIfNull(pack);
        ArgumentNullException.ThrowIfNull(values);
        if (!pack.Details.Parameters.TryGetValue(name, out var parameter))
            return null;
        var value =
            values.TryGetValue(name, out var given) ? given
            // One step: a pack in which the other parameter is derived as well is refused.
            : parameter.From is { } other && Find(pack, values, other) is { } key
                ? parameter.Values.GetValueOrDefault(key) ?? parameter.Default
            : parameter.Default;
        // Validated again at use: the row may be older than the pattern in the pack.
        return value is not null && parameter.Accepts(value) ? value : null;
    }

    private static string List(IEnumerable<string> names)
    {
        var text = string.Join(", ", names);
        return text.Length == 0 ? "none here" : text;
    }
}
