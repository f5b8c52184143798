using Vault.Core.Execution;

namespace Vault.TestKit;

/// <summary>For hosts of which a test makes no raw call with streamed bodies.</summary>
public sealed class NoRawCalls : IRawUpstream
{
    public Task<UpstreamReply> ExchangeAsync(
        ToolCall call,
        RawExchange exchange,
        bool mayRepeat,
        CancellationToken cancellationToken
    ) => throw new InvalidOperationException("This host makes no raw calls.");
}
