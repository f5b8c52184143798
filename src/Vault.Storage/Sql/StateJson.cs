using System.Text.Json;
using System.Text.Json.Serialization;

namespace Vault.Storage.Sql;

/// <summary>
/// Serializes states as JSON. Reading ignores unknown members of a newer program, and a member that an older program
/// did not write keeps the default of its record, so two versions can run together during an upgrade. Enums are
/// strings, so reordering an enum cannot change the meaning of stored rows. The serializer uses reflection
/// deliberately: generated code sets every init-only member, so a missing one would become null instead of its default.
/// </summary>
internal static class StateJson
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter() },
    };

    public static string From<T>(T value) => JsonSerializer.Serialize(value, Options);

    public static T To<T>(string json) =>
        JsonSerializer.Deserialize<T>(json, Options) ?? throw new InvalidOperationException("A stored state is null.");
}
