using System.Text.Json;
using System.Text.Json.Serialization;

namespace Vault.Storage.Sql;

/// <summary>
/// States as JSON text. Members a newer program wrote are ignored on reading, and members an older one did not know
/// keep the default their record gives them, so two versions can run beside each other during an upgrade; enums are
/// words, so that reordering one in code cannot change what a stored row means. By reflection on purpose: generated
/// code sets every init-only member, which turns a missing one into null instead of its default.
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
