using Microsoft.Extensions.Time.Testing;
using Vault.Sandbox.Clients;

namespace Vault.Sandbox.Tests;

/// <summary>A fresh sandbox per test, with a clock that only the test moves.</summary>
public abstract class SandboxFixture : IAsyncLifetime
{
    private protected FakeTimeProvider Time { get; } =
        new(DateTimeOffset.Parse("2026-01-02T03:04:05Z", System.Globalization.CultureInfo.InvariantCulture));

    private protected SandboxServer Server { get; private set; } = null!;

    private protected SandboxCaller Caller { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Server = await SandboxServer.StartAsync(new SandboxOptions { Time = Time });
        Caller = new SandboxCaller(Server);
    }

    public async Task DisposeAsync()
    {
        Assert.Equal(0, Server.Counters.UnhandledErrors);
        Caller.Dispose();
        await Server.DisposeAsync();
    }

    private protected void Rotate(RotationBehaviour rotation, int graceSeconds = 30) =>
        Server.Clients.UpdatePolicy(
            SandboxClient.DemoId,
            new TokenPolicyPatch { Rotation = rotation, GraceSeconds = graceSeconds }
        );
}
