using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Vault.Host.Options;
using Vault.TestKit;

namespace Vault.Host.Tests.EndToEnd;

/// <summary>
/// A host in the process of the tests. Its database says what it is: alone on SQLite, or a member of its world's own
/// cluster.
/// </summary>
internal static class HostUnderTest
{
    public static async Task<VaultHost> CreateAsync(
        IReadOnlyList<string> arguments,
        Action<IServiceCollection> configure
    )
    {
        List<string> all = [.. arguments];
        if (all.Contains("postgres"))
        {
            // The silos of all worlds share one server: small pools.
            all =
            [
                .. all.Select(a =>
                    a.StartsWith("Host=", StringComparison.Ordinal)
                    && !a.Contains("Pool Size", StringComparison.Ordinal)
                        ? a + ";Maximum Pool Size=40"
                        : a
                ),
            ];
            foreach (var (name, value) in MemberDefaults())
                if (!all.Contains(name))
                    all.AddRange([name, value]);
        }

        var (options, faults) = VaultOptions.Read(all, []);
        Assert.Empty(faults);
        return await VaultHost.CreateAsync(
            options!,
            services => configure(services.Configure<ClusterMembershipOptions>(BePatient)),
            CancellationToken.None
        );
    }

    // Silos of one process pause together, and one that finds itself evicted ends the process. Deaths are for the tests
    // that have processes.
    private static void BePatient(ClusterMembershipOptions o) => o.NumMissedProbesLimit = 60;

    private static IEnumerable<(string Name, string Value)> MemberDefaults() =>
        [("--silo-port", FreePorts.Next().ToString(CultureInfo.InvariantCulture)), ("--refresh-shards", "8")];
}
