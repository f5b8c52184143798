using Vault.Silo.Setup;

namespace Vault.Silo.Tests.Setup;

public sealed class SiloSettingsTests
{
    private static (SiloSettings? Options, IReadOnlyList<string> Faults) Read(params string[] arguments) => SiloSettings.Read(["--database", "Host=127.0.0.1", .. arguments], []);

    [Fact]
    public void Development_on_loopback_needs_no_certificates()
    {
        var (options, faults) = Read("--environment", "development");
        Assert.Empty(faults);
        Assert.Equal(SiloRole.Both, options!.Role);
        Assert.Equal(256, options.Shards);
        Assert.True(options.Vault.ShutdownTimeout > options.Vault.Execution.MaximumTimeout);
    }

    [Fact]
    public void Outside_development_silos_need_certificates() =>
        Assert.Contains(Read().Faults, f => f.Contains("cluster-certificate", StringComparison.Ordinal) && f.Contains("TLS", StringComparison.Ordinal));

    [Theory]
    [InlineData("--silo-address", "0.0.0.0", "IP address that other silos can reach")]
    [InlineData("--silo-address", "10.0.0.7", "loopback address without TLS")]
    [InlineData("--role", "gatewy", "Did you mean gateway?")]
    [InlineData("--store", "sqlite", "one database")]
    [InlineData("--shutdown-timeout-ms", "45000", "longest execution")]
    [InlineData("--cluster-ca", "/no/such/file", "there is no file")]
    [InlineData("--refresh-shard", "8", "Did you mean --refresh-shards?")]
    public void What_is_wrong_is_refused_with_the_fix(string name, string value, string told) =>
        Assert.Contains(Read("--environment", "development", name, value).Faults, f => f.Contains(told, StringComparison.Ordinal));
}
