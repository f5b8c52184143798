using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Vault.Gateway.Http;

/// <summary>One set of JSON rules for everything the gateway writes.</summary>
internal static class GatewayJson
{
    public static JsonSerializerOptions Options { get; } = Make(JsonIgnoreCondition.Never);

    /// <summary>Leaves absent members out; for problems, whose members are mostly absent.</summary>
    public static JsonSerializerOptions Sparse { get; } = Make(JsonIgnoreCondition.WhenWritingNull);

    public static JsonDocumentOptions Reading(int maxDepth) =>
        new()
        {
            // RFC 8259 leaves duplicate keys open; a checker and an executor that read different ones would be a hole.
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
            // JSON answers are never put into HTML; escaping every non-ASCII letter would only make them larger.
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
