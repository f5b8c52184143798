using System.Diagnostics;
using System.Globalization;
using Vault.Campaigns.Lab;

namespace Vault.Campaigns.Faults;

/// <summary>
/// Cuts one silo off from the other silos, and from nothing else: packets to and from its cluster port lead nowhere, so
/// connections hang as they do when a cable is pulled. The campaign runs in a network namespace of its own
/// (scripts/crash makes it), whose rules are nobody else's.
/// </summary>
internal static class NetworkCut
{
    public static bool IsPossible { get; } = Environment.GetEnvironmentVariable("LAB_NETWORK") == "own";

    public static Task CutAsync(HostProcess silo, CancellationToken cancellationToken) =>
        RulesAsync("add", silo, cancellationToken);

    public static Task HealAsync(HostProcess silo, CancellationToken cancellationToken) =>
        RulesAsync("del", silo, cancellationToken);

    private static async Task RulesAsync(string verb, HostProcess silo, CancellationToken cancellationToken)
    {
        foreach (var side in new[] { "dport", "sport" })
        {
            using var ip = Process.Start(
                "ip",
                [
                    "rule",
                    verb,
                    "pref",
                    "1",
                    "ipproto",
                    "tcp",
                    side,
                    silo.SiloPort.ToString(CultureInfo.InvariantCulture),
                    "blackhole",
                ]
            );
            await ip.WaitForExitAsync(cancellationToken);
            if (ip.ExitCode != 0)
                throw new LabException("ip rule failed; its error is above.");
        }
    }
}
