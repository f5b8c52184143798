namespace Vault.Host.Tests.EndToEnd;

/// <summary>The suite on one silo, or on as many as a test asks for: each world has its own.</summary>
public sealed class OneSiloHosts : IHosts
{
    public Task<World> StartAsync(int hosts = 1, bool postgres = false, params string[] options) =>
        World.StartAsync(hosts, postgres, options);
}

public sealed class OneSiloStormTests() : StormTests(new OneSiloHosts());

public sealed class OneSiloRevocationTests() : RevocationTests(new OneSiloHosts());

public sealed class OneSiloCredentialKindTests() : CredentialKindTests(new OneSiloHosts());

public sealed class OneSiloProxyTests() : ProxyTests(new OneSiloHosts());

public sealed class OneSiloForwardedTests() : ForwardedTests(new OneSiloHosts());

public sealed class OneSiloKeyRotationTests() : KeyRotationTests(new OneSiloHosts());
