using Vault.Sandbox.Api;
using Vault.Sandbox.Clients;

namespace Vault.Sandbox;

/// <summary>The initial state of a sandbox. All of it can be changed while it runs.</summary>
public sealed record SandboxOptions
{
    /// <summary>Loopback port; 0 selects a free one.</summary>
    public int Port { get; init; }

    /// <summary>
    /// A name or address of this machine's loopback: 127.0.0.1, ::1 or localhost. It is part of the issuer.
    /// </summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>The clock for lifetimes, grace windows and slow faults; tests pass a manual one.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Redirect URIs of the default client, compared character by character.</summary>
    public IReadOnlyList<string> DemoRedirectUris { get; init; } =
    ["http://127.0.0.1:8080/oauth/callback", "http://localhost:8080/oauth/callback"];

    public TokenPolicy DemoPolicy { get; init; } = new();

    /// <summary>Clients in addition to the default one.</summary>
    public IReadOnlyList<SandboxClient> Clients { get; init; } = [];

    /// <summary>The identities on the consent page; the first is preselected.</summary>
    public IReadOnlyList<SandboxIdentity> Identities { get; init; } =
    [
        new("alice", "Alice Adams", "alice@sandbox.example"),
        new("bob", "Bob Brown", "bob@sandbox.example"),
        new("carol", "Carol Clark", "carol@sandbox.example"),
    ];

    public IReadOnlyList<SandboxApiKey> ApiKeys { get; init; } =
    [new("sandbox-key-0001-demo", "alice", SandboxScopes.All)];

    public IReadOnlyList<SandboxLogin> Logins { get; init; } =
    [new("sandbox-user", "sandbox-pass-0001", "alice", SandboxScopes.All)];

    /// <summary>The number of initial items: item-1 to item-N.</summary>
    public int SeedItems { get; init; } = 250;

    /// <summary>
    /// The environment's name; "Production" is rejected. If null, ASPNETCORE_ENVIRONMENT and DOTNET_ENVIRONMENT are
    /// read.
    /// </summary>
    public string? EnvironmentName { get; init; }
}
