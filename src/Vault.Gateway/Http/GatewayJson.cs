using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Vault.Gateway.Http;

/// <summary>The JSON options for everything the gateway writes.</summary>
internal static class GatewayJson
{
    public static JsonSerializerOptions Options { get; } = Make(JsonIgnoreCondition.Never);

    /// <summary>Leaves null members out; for problems, which have few members set.</summary>
    public static JsonSerializerOptions Sparse { get; } = Make(JsonIgnoreCondition.WhenWritingNull);

    public static JsonDocumentOptions Reading(int maxDepth) =>
        new()
        {
            // RFC 8259 allows duplicate keys. A checker and an executor that read different ones could be played off
            // against each other.
            AllowDuplicateProperties = false,
            MaxDepth = maxDepth,
            CommentHandling = JsonCommentHandling.Disallow,
            AllowTrailingCommas = false,
        };

    private static JsonSerializerOptions Make(JsonIgnoreCondition ignore)
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web)
        {
            PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
            DictionaryKeyPolicy = null,
            // JSON responses are never embedded in HTML, so escaping non-ASCII letters would only make them larger.
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            DefaultIgnoreCondition = ignore,
            NumberHandling = JsonNumberHandling.Strict,
            TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
        };
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower));
        options.MakeReadOnly();
        return options;
    }
}
