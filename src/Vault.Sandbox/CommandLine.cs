using System.Globalization;
using Vault.Sandbox.Clients;

namespace Vault.Sandbox;

/// <summary>Parses arguments into options, or returns an error with the usage.</summary>
internal static class CommandLine
{
    private const string Usage = """
        Usage: Vault.Sandbox [--urls http://127.0.0.1:9090] [--redirect-uri URI]...
                             [--rotation never|grace|single_use|family]
                             [--access-token-seconds N] [--grace-seconds N]
        """;

    public static (SandboxOptions? Options, string? Problem) Read(
        IReadOnlyList<string> arguments,
        Func<string, string?> variable
    )
    {
        var options = new SandboxOptions { EnvironmentName = StartupRules.EnvironmentFrom(variable) };
        var url = variable("ASPNETCORE_URLS") ?? "http://127.0.0.1:9090";
        var redirectUris = new List<string>();
        var policy = new TokenPolicy();
        for (var i = 0; i < arguments.Count; i++)
        {
            var (name, value) = arguments[i].Split('=', 2) is [var n, var v] ? (n, v) : (arguments[i], null);
            if (name is "--help" or "-h")
            {
                return (null, Usage);
            }

            if (value is null && i + 1 < arguments.Count)
            {
                value = arguments[++i];
            }

            if (value is null)
            {
                return Wrong($"{name} needs a value");
            }

            switch (name)
            {
                case "--urls":
                    url = value;
                    break;
                case "--redirect-uri":
                    redirectUris.Add(value);
                    break;
                case "--rotation"
                    when Enum.TryParse<RotationBehaviour>(
                        value.Replace("_", "", StringComparison.Ordinal),
                        ignoreCase: true,
                        out var rotation
                    ) && !char.IsDigit(value[0]):
                    policy = policy with { Rotation = rotation };
                    break;
                case "--access-token-seconds" when TryNumber(value, out var seconds):
                    policy = policy with { AccessTokenSeconds = seconds };
                    break;
                case "--grace-seconds" when TryNumber(value, out var seconds):
                    policy = policy with { GraceSeconds = seconds };
                    break;
                case "--rotation" or "--access-token-seconds" or "--grace-seconds":
                    return Wrong($"'{value}' is not a value of {name}");
                default:
                    return Wrong($"'{name}' is not an option of the sandbox");
            }
        }

        if (
            !Uri.TryCreate(url, UriKind.Absolute, out var address)
            || address.Scheme != "http"
            || address.AbsolutePath != "/"
            || url.Contains(';', StringComparison.Ordinal)
        )
        {
            return Wrong($"--urls is '{url}'; give one http URL without a path, for example http://127.0.0.1:9090");
        }

        return (
            options with
            {
                Host = address.Host.Trim('[', ']'),
                Port = address.Port,
                DemoPolicy = policy,
                DemoRedirectUris = redirectUris.Count > 0 ? redirectUris : options.DemoRedirectUris,
            },
            null
        );
    }

    private static (SandboxOptions?, string?) Wrong(string problem) =>
        (null, $"The sandbox provider does not start: {problem}.{Environment.NewLine}{Usage}");

    private static bool TryNumber(string value, out int number) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
