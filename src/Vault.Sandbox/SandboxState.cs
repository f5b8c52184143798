using Vault.Sandbox.Api;
using Vault.Sandbox.Clients;
using Vault.Sandbox.Counting;
using Vault.Sandbox.Faults;
using Vault.Sandbox.Grants;
using Vault.Sandbox.OAuth;

namespace Vault.Sandbox;

/// <summary>The state of one sandbox, in memory.</summary>
internal sealed class SandboxState : IDisposable
{
    private readonly CancellationTokenSource _stopping = new();

    public SandboxState(SandboxOptions options)
    {
        Time = options.Time;
        Identities = new IdentityBook(options.Identities);
        Clients = new ClientRegistry([
            new SandboxClient
            {
                ClientId = SandboxClient.DemoId,
                ClientSecret = SandboxClient.DemoSecret,
                Name = "Demo application",
                RedirectUris = options.DemoRedirectUris,
                Policy = options.DemoPolicy,
            },
            .. options.Clients,
        ]);
        Grants = new GrantRegistry(Index, Clients, Time);
        Credentials = new SandboxCredentials(options.ApiKeys, options.Logins);
        Items = new ItemStore(options.SeedItems, Time);
        Runner = new FaultRunner(Faults, Time, _stopping.Token);
        Signer = new IdTokenSigner(Identities, () => Issuer);
    }

    /// <summary>Set once the port is known; no request is served before that.</summary>
    public string Issuer { get; set; } = "";

    public TimeProvider Time { get; }

    public IdentityBook Identities { get; }

    public ClientRegistry Clients { get; }

    public TokenIndex Index { get; } = new();

    public GrantRegistry Grants { get; }

    public AuthorizationCodes Codes { get; } = new();

    public CounterBook Counters { get; } = new();

    public SandboxFaults Faults { get; } = new();

    public FaultRunner Runner { get; }

    public JwtKeys Keys { get; } = new();

    public SandboxCredentials Credentials { get; }

    public ItemStore Items { get; }

    public IdTokenSigner Signer { get; }

    /// <summary>Releases every request that a fault holds.</summary>
    public void Stop() => _stopping.Cancel();

    public void Dispose()
    {
        _stopping.Dispose();
        Signer.Dispose();
    }
}
