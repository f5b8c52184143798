using Orleans;
using Orleans.Concurrency;

namespace Vault.Client.Cluster;

/// <summary>
/// The vault's HTTP API over Orleans: the silo that receives the call processes the request like any HTTP request, with
/// key, permissions, limits and idempotency.
/// </summary>
[Alias("vault.gateway")]
public interface IGatewayGrain : IGrainWithIntegerKey
{
    // The timeout exceeds the longest execution. Calls interleave.
    [AlwaysInterleave, ResponseTimeout("00:03:00"), Alias("send")]
    Task<GatewayAnswer> SendAsync(GatewayCall call, CancellationToken cancellationToken);
}

/// <summary>One request. Not a record, so that ToString does not print the key.</summary>
[GenerateSerializer, Immutable, Alias("vault.gateway.call")]
public sealed class GatewayCall
{
    [Id(0)]
    public required string Method { get; init; }

    /// <summary>Path and query.</summary>
    [Id(1)]
    public required string Path { get; init; }

    [Id(2)]
    public string? Authorization { get; init; }

    [Id(3)]
    public string? IdempotencyKey { get; init; }

    [Id(4)]
    public string? ContentType { get; init; }

    [Id(5)]
    public byte[]? Body { get; init; }
}

/// <summary>The response to a <see cref="GatewayCall"/>.</summary>
[GenerateSerializer, Immutable, Alias("vault.gateway.answer")]
public sealed class GatewayAnswer
{
    [Id(0)]
    public int Status { get; init; }

    [Id(1)]
    public string? ContentType { get; init; }

    [Id(2)]
    public required byte[] Body { get; init; }
}
