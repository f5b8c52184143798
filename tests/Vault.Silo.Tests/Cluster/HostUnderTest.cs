using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Vault.Silo;
using Vault.Silo.Setup;
using Vault.TestKit;

[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace Vault.Host.Tests.EndToEnd;

/// <summary>Real silos: every world is a cluster of its own with membership, reminders and connections on its own database; only the process is shared.</summary>
internal static class HostUnderTest
{
    public const int Least = 2;

    public const bool NeedsPostgres = true;

    public static async Task<VaultHost> CreateAsync(IReadOnlyList<string> arguments, Action<IServiceCollection> configure)
    {
        // A cluster's silos share the server with those of the tests before: small pools.
        List<string> all = [.. arguments.Select(a => a.StartsWith("Host=", StringComparison.Ordinal) ? a + ";Maximum Pool Size=40" : a)];

        // Two silos, a sandbox and PostgreSQL share the machine: a lease as in production rather than the suite's short one.
        if (all.IndexOf("--freshness-lease-ms") is >= 0 and var at && all[at + 1] == "200") all[at + 1] = "2000";
        foreach (var (name, value) in Defaults())
            if (!all.Contains(name)) all.AddRange([name, value]);
        var (options, faults) = SiloSettings.Read(all, []);
        Assert.Empty(faults);
        return await SiloHost.CreateAsync(options!, services => configure(services.Configure<ClusterMembershipOptions>(Patient)), CancellationToken.None);
    }

    // Silos of one process pause together, and one that finds itself evicted ends the process. Deaths are for the tests that have processes.
    private static void Patient(ClusterMembershipOptions o) => o.NumMissedProbesLimit = 60;

    private static IEnumerable<(string Name, string Value)> Defaults() =>
        [("--silo-port", FreePorts.Next().ToString(CultureInfo.InvariantCulture)), ("--refresh-shards", "8")];
}
