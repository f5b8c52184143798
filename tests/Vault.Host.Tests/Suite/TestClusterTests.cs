using Vault.Host.Tests.EndToEnd;

namespace Vault.Host.Tests.Suite;

/// <summary>
/// The end-to-end suite on a test cluster of three silos, its requests spread over their three gateways.
/// </summary>
public sealed class TestClusterHosts : IHosts, IAsyncLifetime
{
    private readonly HostPool _pool;

    public TestClusterHosts() =>
        _pool = new(
            async (options, once) =>
            {
                var silos = await ThreeSilos.StartAsync(options);
                if (!once)
                    Silos = silos;
                return silos.Share(once);
            }
        );

    /// <summary>The silos behind the worlds with the usual options; there from the first one on.</summary>
    internal ThreeSilos Silos { get; private set; } = null!;

    public Task<World> StartAsync(int hosts = 1, bool postgres = false, params string[] options) =>
        _pool.WorldAsync(options);

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _pool.StopAsync();
}

[CollectionDefinition("test cluster", DisableParallelization = true)]
public sealed class TestClusterCollection : ICollectionFixture<TestClusterHosts>;

[Collection("test cluster")]
public sealed class TestClusterStormTests(TestClusterHosts hosts) : StormTests(hosts);

[Collection("test cluster")]
public sealed class TestClusterRevocationTests(TestClusterHosts hosts) : RevocationTests(hosts);

[Collection("test cluster")]
public sealed class TestClusterCredentialKindTests(TestClusterHosts hosts) : CredentialKindTests(hosts);

[Collection("test cluster")]
public sealed class TestClusterProxyTests(TestClusterHosts hosts) : ProxyTests(hosts);

[Collection("test cluster")]
public sealed class TestClusterKeyRotationTests(TestClusterHosts hosts) : KeyRotationTests(hosts);

[Collection("test cluster")]
public sealed class TestClusterForwardedTests(TestClusterHosts hosts) : ForwardedTests(hosts);
