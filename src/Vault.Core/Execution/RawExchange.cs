using System.Collections.Immutable;

namespace Vault.Core.Execution;

/// <summary>
/// The two ends of a raw call whose bodies are streamed: what the caller sends, and where the provider's response goes.
/// It stays in the process that received the request, so the call runs there and not on the owner of the account.
/// </summary>
/// <remarks>
/// That is safe: the store arbitrates every change of the account (law 3), and a credential is used only within the
/// freshness lease that the acknowledgement of a revocation waits for on every host (law 8).
/// </remarks>
public sealed class RawExchange
{
    /// <summary>The caller's headers that go to the provider.</summary>
    public ImmutableArray<(string Name, string Value)> Headers { get; init; } = [];

    /// <summary>The whole body where it is small: such a call can be sent again with a fresh credential.</summary>
    public byte[]? Buffered { get; init; }

    /// <summary>A body that is read once; null where it is buffered or there is none.</summary>
    public Stream? Body { get; init; }

    public string? ContentType { get; init; }

    /// <summary>Null when the caller does not say it.</summary>
    public long? ContentLength { get; init; }

    /// <summary>The URL below which the caller reaches the provider's API; URLs in headers are given below
    /// it.</summary>
    public required string PublicBase { get; init; }

    /// <summary>Writes the response to the caller.</summary>
    public required Func<RawResponse, CancellationToken, Task> WriteAsync { get; init; }

    /// <summary>Whether the request may be sent a second time.</summary>
    public bool CanRepeat => Body is null;

    /// <summary>Whether the response has begun: from then on no error of the vault can be written.</summary>
    public bool Responded { get; set; }

    /// <summary>Whether the response ended before its end.</summary>
    public bool Broken { get; set; }
}

/// <summary>A provider's response, for the caller of a raw call. The credential is masked in it.</summary>
/// <param name="Headers">Without those of the connection, cookies, and the vault's own.</param>
/// <param name="Body">Decoded; read once.</param>
/// <param name="Length">Of the body; null when it is not known.</param>
public sealed record RawResponse(
    int Status,
    ImmutableArray<(string Name, string Value)> Headers,
    Stream Body,
    long? Length
);

/// <summary>Sends a raw call and hands over its response.</summary>
public interface IRawUpstream
{
    /// <param name="call">The call; its input has no body.</param>
    /// <param name="exchange">The bodies.</param>
    /// <param name="mayRepeat">Whether the caller answers a rejected credential with a fresh one: such a response is
    /// not handed over.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    Task<UpstreamReply> ExchangeAsync(
        ToolCall call,
        RawExchange exchange,
        bool mayRepeat,
        CancellationToken cancellationToken
    );
}
