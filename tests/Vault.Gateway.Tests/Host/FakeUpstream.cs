using System.Text.Json;
using Vault.Core.Execution;

namespace Vault.Gateway.Tests.Host;

/// <summary>An API that counts calls and answers the input.</summary>
internal sealed class FakeUpstream : IUpstream
{
    public int Calls;

    public Func<ToolCall, Task<UpstreamReply>>? Answer { get; set; }

    public async Task<UpstreamReply> SendAsync(ToolCall call, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref Calls);
        if (Answer is { } answer)
            return await answer(call);
        return new UpstreamReply(UpstreamOutcome.Succeeded, 200)
        {
            Data = JsonSerializer.SerializeToElement(new { echoed = call.Input }),
        };
    }
}
