using System.Globalization;
using System.Net;

namespace Vault.Host.Options;

/// <summary>
/// One thing an operator can set: <c>VAULT_NAME</c> in the environment or <c>--name</c> on the command line.
/// </summary>
/// <param name="IsSwitch">The flag alone means true.</param>
/// <param name="IsSecret">The value may hold a password: it is recorded nowhere.</param>
public sealed record OptionDefinition(
    string Name,
    string Default,
    string Help,
    bool IsSwitch = false,
    bool IsSecret = false
)
{
    public string Variable => "VAULT_" + Name.ToUpperInvariant().Replace('-', '_');

    public string Flag => "--" + Name;
}

/// <summary>
/// Reads option values: the command line takes precedence over the environment, and that over the default. Collects all
/// faults, so that an operator corrects a file once.
/// </summary>
public sealed class OptionSource
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _usual = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _onCommandLine = new(StringComparer.Ordinal);
    private readonly IReadOnlyList<OptionDefinition> _known;

    public OptionSource(
        IReadOnlyList<OptionDefinition> known,
        IReadOnlyList<string> arguments,
        IEnumerable<KeyValuePair<string, string>> environment,
        IReadOnlySet<string> otherVariables
    )
    {
        ArgumentNullException.ThrowIfNull(arguments);
        ArgumentNullException.ThrowIfNull(environment);
        _known = known;
        foreach (var (variable, value) in environment)
        {
            if (!variable.StartsWith("VAULT_", StringComparison.Ordinal))
                _usual[variable] = value;
            if (!variable.StartsWith("VAULT_", StringComparison.Ordinal) || otherVariables.Contains(variable))
                continue;
            if (known.FirstOrDefault(o => o.Variable == variable) is { } option)
                _values[option.Name] = value;
            else
                Faults.Add($"{variable}: there is no such option.{Suggest(variable, known.Select(o => o.Variable))}");
        }

        for (var i = 0; i < arguments.Count; i++)
        {
            var (flag, inline) = Split(arguments[i]);
            if (known.FirstOrDefault(o => o.Flag == flag) is not { } option)
            {
                Faults.Add(
                    flag.StartsWith('-')
                        ? $"{arguments[i]}: there is no such option.{Suggest(flag, known.Select(o => o.Flag))}"
                        : $"{arguments[i]}: write an option as {known[0].Flag} value; a command comes before all "
                            + "options."
                );
                if (
                    inline is null
                    && flag.StartsWith("--", StringComparison.Ordinal)
                    && i + 1 < arguments.Count
                    && !arguments[i + 1].StartsWith("--", StringComparison.Ordinal)
                )
                    i++;
                continue;
            }

            _onCommandLine.Add(option.Name);
            if (
                inline is null
                && (i + 1 >= arguments.Count || arguments[i + 1].StartsWith("--", StringComparison.Ordinal))
            )
            {
                if (option.IsSwitch)
                    _values[option.Name] = "true";
                else
                    Faults.Add($"{flag}: needs a value. {option.Help}");
            }
            else
                _values[option.Name] = inline ?? arguments[++i];
        }
    }

    public List<string> Faults { get; } = [];

    /// <summary>What was given, for the record; a secret only as that it was given.</summary>
    public IReadOnlyDictionary<string, string> Given() =>
        _values
            .Where(v => v.Value.Length > 0)
            .OrderBy(v => v.Key, StringComparer.Ordinal)
            .ToDictionary(
                v => v.Key,
                v => _known.First(o => o.Name == v.Key).IsSecret ? "(given)" : v.Value,
                StringComparer.Ordinal
            );

    /// <summary>Every user of the machine can read the command line of a process.</summary>
    public bool IsOnCommandLine(string name) => _onCommandLine.Contains(name);

    /// <summary>
    /// A variable that every program knows, such as HTTPS_PROXY, in upper or lower case; the first that is set.
    /// </summary>
    public string? Usual(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
            if (_usual.TryGetValue(name, out var value) && value.Length > 0)
                return value;
        return null;
    }

    public string Text(string name) =>
        _values.TryGetValue(name, out var value) && value.Length > 0
            ? value
            : _known.First(o => o.Name == name).Default;

    public string? Optional(string name) => Text(name) is { Length: > 0 } value ? value : null;

    public bool IsSet(string name) => _values.TryGetValue(name, out var value) && value.Length > 0;

    public int Number(string name, int min, int max) =>
        int.TryParse(Text(name), NumberStyles.None, CultureInfo.InvariantCulture, out var value)
        && value >= min
        && value <= max
            ? value
            : Fault(name, $"'{Text(name)}' is not an integer from {min} to {max}.", min);

    public TimeSpan Milliseconds(string name, int min, int max) => TimeSpan.FromMilliseconds(Number(name, min, max));

    public string OneOf(string name, params string[] allowed) =>
        allowed.Contains(Text(name))
            ? Text(name)
            : Fault(
                name,
                $"'{Text(name)}' is not one of {string.Join(", ", allowed)}.{Suggest(Text(name), allowed)}",
                allowed[0]
            );

    /// <summary>An absolute http or https URL without path, query or fragment.</summary>
    public Uri Origin(string name, string text)
    {
        if (
            Uri.TryCreate(text, UriKind.Absolute, out var url)
            && url.Scheme is "http" or "https"
            && url is { PathAndQuery: "/", Fragment: "", UserInfo: "" }
        )
            return url;
        return Fault(
            name,
            $"'{text}' is not an origin such as https://vault.example.com (scheme, host and port only).",
            new Uri("http://127.0.0.1:8080")
        );
    }

    public IReadOnlyList<string> Items(string name) =>
        Text(name).Split([',', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    public T Fault<T>(string name, string message, T instead)
    {
        var option = _known.First(o => o.Name == name);
        Faults.Add($"{option.Variable} ({option.Flag}): {message}");
        return instead;
    }

    public static bool IsLoopback(Uri url)
    {
        ArgumentNullException.ThrowIfNull(url);
        return url.Host is "localhost"
            || (IPAddress.TryParse(url.Host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
    }

    private static (string Flag, string? Inline) Split(string argument)
    {
        var at = argument.IndexOf('=', StringComparison.Ordinal);
        return at < 0 ? (argument, null) : (argument[..at], argument[(at + 1)..]);
    }

    private static string Suggest(string given, IEnumerable<string> known)
    {
        var best = known
            .Select(k => (Name: k, Distance: Distance(given.ToUpperInvariant(), k.ToUpperInvariant())))
            .MinBy(x => x.Distance);
        return best.Name is not null && best.Distance <= Math.Max(2, given.Length / 3)
            ? $" Did you mean {best.Name}?"
            : " --help lists them.";
    }

    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }

        return row[b.Length];
    }
}
