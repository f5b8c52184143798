using Vault.Host.Tests.EndToEnd;

namespace Vault.Host.Tests.Suite;

/// <summary>The end-to-end suite on three silos that are processes, its requests spread over them.</summary>
public sealed class ProcessHosts : IHosts, IAsyncLifetime
{
    private readonly HostPool _pool = new(ThreeProcesses.StartAsync);

    public Task<World> StartAsync(int hosts = 1, bool postgres = false, params string[] options) =>
        _pool.WorldAsync(options);

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _pool.StopAsync();
}

[CollectionDefinition("processes", DisableParallelization = true)]
public sealed class ProcessCollection : ICollectionFixture<ProcessHosts>;

[Collection("processes")]
public sealed class ProcessStormTests(ProcessHosts hosts) : StormTests(hosts)
{
    // Three processes, their database and the provider share the machine. A thousand through processes are a fault
    // lab's: ./scripts/crash --faults.
    protected override int Crowd => 250;
}

[Collection("processes")]
public sealed class ProcessRevocationTests(ProcessHosts hosts) : RevocationTests(hosts);

[Collection("processes")]
public sealed class ProcessCredentialKindTests(ProcessHosts hosts) : CredentialKindTests(hosts);

[Collection("processes")]
public sealed class ProcessProxyTests(ProcessHosts hosts) : ProxyTests(hosts);

[Collection("processes")]
public sealed class ProcessKeyRotationTests(ProcessHosts hosts) : KeyRotationTests(hosts);

[Collection("processes")]
public sealed class ProcessForwardedTests(ProcessHosts hosts) : ForwardedTests(hosts);
