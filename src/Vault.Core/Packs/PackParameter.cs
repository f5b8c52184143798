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

    /// <summary>Given with an account's credential.</summary>
    Account,

    /// <summary>Taken from a token answer and checked before it is used.</summary>
    Captured,
}

/// <summary>
/// A place that URLs and templates of a pack may hold. Its value is hostile until <see cref="Accepts"/> has said yes.
/// </summary>
/// <param name="Example">A value that fits; required where the parameter stands in a host, so that the pinning can be
/// checked when the pack is read.</param>
public sealed record PackParameter(
    ParameterSource Source,
    string Pattern,
    bool Required,
    string? Default,
    string? Example,
    string? Description
)
{
    public const int MaxLength = 512;

    // By reference and weakly: a value that was accepted is used call after call until its row is read again, and a
    // text cannot change.
    private static readonly ConditionalWeakTable<string, PackParameter> Accepted = [];

    private readonly Regex _pattern = Anchored(Pattern);

    /// <summary>
    /// Whether the whole value fits the pattern; control characters never do ('$' would let a trailing newline
    /// through).
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
    /// Compiled so that the whole value must fit, also where an alternation would escape its anchors; linear in time.
    /// </summary>
    /// <exception cref="ArgumentException">Not a pattern, or one that needs backtracking.</exception>
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

/// <summary>Checks parameters that came from outside against their pack.</summary>
public static class PackParameters
{
    /// <summary>
    /// Every fault of the values given from one source: unknown names, missing ones, values that do not fit.
    /// </summary>
    /// <param name="pack">Whose parameters.</param>
    /// <param name="values">By name.</param>
    /// <param name="source">Where they were set.</param>
    /// <param name="orCaptured">Whether captured ones may be given, too: tokens from elsewhere come without the answer
    /// that would have brought them.</param>
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
            if (
                parameter.Source == source
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
    /// The value of a parameter or its default; null when there is neither, or when a value does not fit its pattern.
    /// </summary>
    public static string? Find(ProviderPack pack, IReadOnlyDictionary<string, string> values, string name)
    {
        ArgumentNullException.ThrowIfNull(pack);
        ArgumentNullException.ThrowIfNull(values);
        if (!pack.Details.Parameters.TryGetValue(name, out var parameter))
            return null;
        var value = values.TryGetValue(name, out var given) ? given : parameter.Default;
        // Checked again at use: a row may be older than the pack's pattern.
        return value is not null && parameter.Accepts(value) ? value : null;
    }

    private static string List(IEnumerable<string> names)
    {
        var text = string.Join(", ", names);
        return text.Length == 0 ? "none here" : text;
    }
}
