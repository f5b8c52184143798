using System.Net;

namespace Vault.Sandbox;

/// <summary>Decides where the sandbox may run: it accepts well-known secrets and does not authenticate users.</summary>
public static class StartupRules
{
    /// <summary>Every reason not to start, with the fix; empty when the sandbox may start.</summary>
    public static IReadOnlyList<string> Refusals(string? environmentName, string host, int port)
    {
        var refusals = new List<string>();
        if (string.Equals(environmentName, "Production", StringComparison.OrdinalIgnoreCase))
        {
            refusals.Add(
                "the environment is Production and the sandbox provider is for development only; "
                    + "point the connection at the real provider, or unset ASPNETCORE_ENVIRONMENT and "
                    + "DOTNET_ENVIRONMENT on a development machine"
            );
        }

        if (!IsLoopback(host))
        {
            refusals.Add(
                $"the address '{host}' is reachable from other machines; listen on 127.0.0.1, [::1] or localhost"
            );
        }

        if (port is < 0 or > 65535)
        {
            refusals.Add($"the port {port} does not exist; use 1 to 65535, or 0 for a free one");
        }

        return refusals;
    }

    /// <summary>The first of the two environment variables that is Production, else the first that is set.</summary>
    public static string? EnvironmentFrom(Func<string, string?> variable)
    {
        ArgumentNullException.ThrowIfNull(variable);
        string?[] names = [variable("ASPNETCORE_ENVIRONMENT"), variable("DOTNET_ENVIRONMENT")];
        return names.FirstOrDefault(static n => string.Equals(n, "Production", StringComparison.OrdinalIgnoreCase))
            ?? names[0]
            ?? names[1];
    }

    internal static bool IsLoopback(string host) =>
        host == "localhost"
        || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}
