using Vault.Host.Options;

namespace Vault.Host.Tests.Options;

public sealed class SiloSettingsTests
{
    private static (VaultOptions? Options, IReadOnlyList<string> Faults) Read(params string[] arguments) =>
        VaultOptions.Read(["--store", "postgres", "--database", "Host=127.0.0.1", .. arguments], []);

    [Fact]
    public void On_loopback_no_certificates_are_needed()
    {
        var (options, faults) = Read();
        Assert.Empty(faults);
        Assert.Equal(SiloRole.Both, options!.Silo.Role);
        Assert.Equal(256, options.Silo.Shards);
        Assert.True(options.ShutdownTimeout > options.Execution.MaximumTimeout);
    }

    [Fact]
    public void Beyond_loopback_silos_need_certificates() =>
        Assert.Contains(Read("--silo-address", "10.0.0.7").Faults, f =>
            f.Contains("cluster-certificate", StringComparison.Ordinal) && f.Contains("TLS", StringComparison.Ordinal)
        );

    [Theory]
    [InlineData("--role", "worker", "one silo")]
    [InlineData("--role", "gateway", "one silo")]
    [InlineData("--silo-port", "11111", "no cluster port")]
    [InlineData("--client-port", "30000", "no cluster port")]
    [InlineData("--refresh-shards", "8", "no cluster port")]
    public void On_sqlite_a_silo_is_alone(string name, string value, string told) =>
        Assert.Contains(told, Assert.Single(VaultOptions.Read([name, value], []).Faults), StringComparison.Ordinal);

    [Theory]
    [InlineData("--silo-address", "0.0.0.0", "IP address that other silos can reach")]
    [InlineData("--silo-address", "10.0.0.7", "beyond loopback, silos use mutual TLS")]
    [InlineData("--role", "gatewy", "Did you mean gateway?")]
    [InlineData("--shutdown-timeout-ms", "45000", "longest execution")]
    [InlineData("--cluster-ca", "/no/such/file", "there is no file")]
    [InlineData("--refresh-shard", "8", "Did you mean --refresh-shards?")]
    public void What_is_wrong_is_refused_with_the_fix(string name, string value, string told) =>
        Assert.Contains(Read("--environment", "development", name, value).Faults, f =>
            f.Contains(told, StringComparison.Ordinal)
        );
}
