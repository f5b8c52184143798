using Microsoft.Extensions.DependencyInjection;
using Vault.Host.Setup;

namespace Vault.Host.Tests.EndToEnd;

/// <summary>What the end-to-end suite runs on. The cluster's tests compile the same suite with silos here.</summary>
internal static class HostUnderTest
{
    /// <summary>How many hosts a test gets at least, and whether it must be PostgreSQL.</summary>
    public const int Least = 1;

    public const bool NeedsPostgres = false;

    public static async Task<VaultHost> CreateAsync(IReadOnlyList<string> arguments, Action<IServiceCollection> configure)
    {
        var (options, faults) = VaultOptions.Read(arguments, []);
        Assert.Empty(faults);
        return await VaultHost.CreateAsync(options!, configure, CancellationToken.None);
    }
}
