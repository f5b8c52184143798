namespace Vault.Host.Tests.EndToEnd;

/// <summary>The suite on the embedded host: each world has hosts of its own.</summary>
public sealed class EmbeddedHosts : IHosts
{
    public Task<World> StartAsync(int hosts = 1, bool postgres = false, params string[] options) => World.StartAsync(hosts, postgres, options);
}

public sealed class EmbeddedStormTests() : StormTests(new EmbeddedHosts());

public sealed class EmbeddedRevocationTests() : RevocationTests(new EmbeddedHosts());

public sealed class EmbeddedCredentialKindTests() : CredentialKindTests(new EmbeddedHosts());

public sealed class EmbeddedProxyTests() : ProxyTests(new EmbeddedHosts());

public sealed class EmbeddedForwardedTests() : ForwardedTests(new EmbeddedHosts());
