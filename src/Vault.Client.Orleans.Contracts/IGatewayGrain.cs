using Orleans;
using Orleans.Concurrency;

namespace Vault.Client.Cluster;

/// <summary>
/// The vault's HTTP contract without HTTP: on whichever silo takes the call, the request goes the way of every other,
/// with key, permissions, limits and idempotency.
/// </summary>
[Alias("vault.gateway")]
public interface IGatewayGrain : IGrainWithIntegerKey
{
    // Longer than the longest execution. Calls do not wait for each other.
    [AlwaysInterleave, ResponseTimeout("00:03:00"), Alias("send")]
    Task<GatewayAnswer> SendAsync(GatewayCall call, CancellationToken cancellationToken);
}

/// <summary>One request. No record, so that nothing prints the key.</summary>
[GenerateSerializer, Immutable, Alias("vault.gateway.call")]
public sealed class GatewayCall
{
    [Id(0)]
    public required string Method { get; init; }

    /// <summary>With its query.</summary>
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

/// <summary>Its answer.</summary>
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
