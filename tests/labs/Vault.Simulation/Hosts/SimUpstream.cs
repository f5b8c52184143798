using System.Text.Json;
using Vault.Core.Execution;
using Vault.Core.Packs;

namespace Vault.Simulation;

/// <summary>The provider's API as one process sees it.</summary>
internal sealed class SimUpstream(World world, SimHost host) : IUpstream
{
    private static readonly UpstreamReply Fine = new(UpstreamOutcome.Succeeded, 200)
    {
        Data = JsonSerializer.SerializeToElement(new { ok = true }),
    };

    public async Task<UpstreamReply> SendAsync(ToolCall call, CancellationToken cancellationToken)
    {
        var token = call.Grant!.AccessToken.RevealText();
        var subject = world.Underway(host, call.IdempotencyKey);
        world.Presenting(host, subject, token, atTokenEndpoint: false);
        var writes = call.Tool.Definition.Effect != Effect.Read;
        if (writes)
            world.Acting(subject, call.IdempotencyKey);
        var came = await world
            .CallAsync<object>(
                host,
                Peer.Api,
                $"call the API with {token}",
                subject,
                () =>
                {
                    if (writes)
                        subject.Acted.Add(call.IdempotencyKey);
                    return !world.Provider.Lives(world.FamilyOf(token)) || world.EarlyUnauthorized()
                        ? new UpstreamReply(UpstreamOutcome.CredentialRejected, 401)
                        : Fine;
                },
                world.Now + (call.Deadline - host.Clock.GetUtcNow())
            )
            .WaitAsync(cancellationToken);
        return came as UpstreamReply
            ?? new UpstreamReply(
                came is Core.OAuth.TokenReply.NotActed ? UpstreamOutcome.Unavailable : UpstreamOutcome.Lost,
                null
            );
    }
}
