using System.Collections.Immutable;
using System.Text.Json;
using Vault.Core.Connections;
using Vault.Core.Execution;
using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Packs;
using Vault.Core.Sealing;
using Vault.Providers.Egress;
using Vault.Providers.OAuth;
using Vault.Providers.Packs;
using Vault.Providers.Upstream;
using Vault.Sandbox;
using Vault.TestKit;

namespace Vault.Providers.Tests.Peers;

/// <summary>The sandbox over real HTTP, with the token endpoint and the upstream client in front of it.</summary>
public sealed class SandboxRig : IAsyncDisposable
{
    private static readonly OrganizationId Organization = new IdFactory(
        TimeProvider.System,
        new SeededEntropy()
    ).NewOrganization();

    private readonly ProviderHttp _http;

    private SandboxRig(SandboxServer sandbox, PackCatalogue packs, UpstreamOptions options)
    {
        Sandbox = sandbox;
        Packs = packs;
        _http = new ProviderHttp(new EgressOptions { AllowLoopback = true });
        Tokens = new TokenEndpoint(
            _http,
            TimeProvider.System,
            new IdFactory(TimeProvider.System, new SeededEntropy(7))
        );
        Upstream = new UpstreamClient(_http, TimeProvider.System, options);
    }

    public SandboxServer Sandbox { get; }

    public PackCatalogue Packs { get; }

    public TokenEndpoint Tokens { get; }

    public UpstreamClient Upstream { get; }

    public static async Task<SandboxRig> StartAsync(UpstreamOptions? options = null)
    {
        return new SandboxRig(
            await SandboxServer.StartAsync(new SandboxOptions { EnvironmentName = "Development" }),
            LoadedPacks.All,
            options ?? new UpstreamOptions()
        );
    }

    public static DateTimeOffset Soon => TimeProvider.System.GetUtcNow().AddSeconds(20);

    public TokenClient Client(string pack, string? baseUrl = null) =>
        Client(Packs.All.Single(p => p.Id == pack), baseUrl ?? Sandbox.BaseUrl);

    public static TokenClient Client(ProviderPack pack, string baseUrl) =>
        new(
            Organization,
            pack,
            new ConnectionSettings { ClientId = "demo-client" },
            Secret.From("demo-secret"),
            ImmutableSortedDictionary<string, string>.Empty.Add("base_url", baseUrl),
            "http://127.0.0.1:8080/oauth/callback"
        );

    public ToolCall Call(
        string tool,
        object input,
        GrantTokens? grant,
        StaticCredential? credential = null,
        string? page = null,
        string key = "exe_1"
    )
    {
        Assert.True(Packs.TryGetTool(tool, out var found), tool);
        return new ToolCall(
            Organization,
            found,
            JsonSerializer.SerializeToElement(input),
            page,
            grant,
            credential,
            ImmutableSortedDictionary<string, string>.Empty.Add("base_url", Sandbox.BaseUrl),
            key,
            Soon,
            null
        );
    }

    public GrantTokens Grant(int? lifetime = null)
    {
        var minted = Sandbox.Grants.Mint(new Vault.Sandbox.Grants.GrantSeed { AccessExpiresInSeconds = lifetime });
        return new GrantTokens
        {
            AccessToken = Secret.From(minted.AccessToken),
            RefreshToken = Secret.From(minted.RefreshToken!),
        };
    }

    public static StaticCredential Own(AuthMode mode, params (string Name, string Value)[] fields) =>
        new() { Mode = mode, Fields = fields.ToImmutableSortedDictionary(f => f.Name, f => Secret.From(f.Value)) };

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await Sandbox.DisposeAsync();
    }
}
