using System.Globalization;
using Orleans.Runtime;
using Orleans.Serialization.Serializers;
using Orleans.Storage;
using Vault.Storage.Cluster;

namespace Vault.Host.Cluster;

/// <summary>
/// Orleans grain storage on SQLite, with the behaviour of Orleans' AdoNet provider on PostgreSQL; GrainStorageTests run
/// one contract over both.
/// </summary>
internal sealed class SqliteGrainStorage(
    GrainStateTable table,
    IGrainStorageSerializer serializer,
    IActivatorProvider activators
) : IGrainStorage
{
    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var stored = await table.ReadAsync(grainId.ToString(), stateName, CancellationToken.None);
        var state = stored?.Payload is { } payload ? serializer.Deserialize<T>(new BinaryData(payload)) : default;
        grainState.State = state ?? New<T>();
        grainState.ETag = Text(stored?.Version);
        grainState.RecordExists = stored?.Payload is not null;
    }

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var payload = serializer.Serialize(grainState.State).ToMemory();
        grainState.ETag = await WriteAsync(stateName, grainId, grainState.ETag, payload);
        grainState.RecordExists = true;
    }

    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        if (grainState.ETag is null)
        {
            await ReadStateAsync(stateName, grainId, grainState);
            if (!grainState.RecordExists)
                return;
        }

        grainState.ETag = await WriteAsync(stateName, grainId, grainState.ETag, null);
        grainState.RecordExists = false;
        grainState.State = New<T>();
    }

    private async Task<string> WriteAsync(string name, GrainId grain, string? etag, ReadOnlyMemory<byte>? payload)
    {
        int? version = etag is null ? null : int.Parse(etag, CultureInfo.InvariantCulture);
        var written = await table.WriteAsync(grain.ToString(), name, payload, version, CancellationToken.None);
        return Text(written)
            ?? throw new InconsistentStateException(
                $"The state '{name}' of {grain} is no longer at version {etag ?? "0"}: another activation has "
                    + "written it."
            );
    }

    private T New<T>() => activators.GetActivator<T>().Create();

    private static string? Text(int? version) => version?.ToString(CultureInfo.InvariantCulture);
}
