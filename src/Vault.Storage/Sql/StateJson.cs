using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Vault.Core.Accounts;
using Vault.Core.Connecting;
using Vault.Core.Organizations;

namespace Vault.Storage.Sql;

/// <summary>
/// States as JSON text. Members a newer program wrote are ignored on reading, so two versions can run beside each other during an upgrade;
/// enums are words, so that reordering one in code cannot change what a stored row means.
/// </summary>
internal static class StateJson
{
    public static string From<T>(T value) => JsonSerializer.Serialize(value, Info<T>());

    public static T To<T>(string json) => JsonSerializer.Deserialize(json, Info<T>()) ?? throw new InvalidOperationException("A stored state is null.");

    private static JsonTypeInfo<T> Info<T>() => (JsonTypeInfo<T>)StateJsonContext.Default.GetTypeInfo(typeof(T))!;
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(AccountState))]
[JsonSerializable(typeof(OrganizationState))]
[JsonSerializable(typeof(ConnectionSettings))]
[JsonSerializable(typeof(LinkRequest))]
[JsonSerializable(typeof(ImmutableArray<string>))]
internal sealed partial class StateJsonContext : JsonSerializerContext;
