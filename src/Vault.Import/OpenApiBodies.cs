using System.Collections.Immutable;
using System.Text.Json;
using Vault.Core.Packs;

namespace Vault.Import;

/// <summary>Request and response bodies of OpenAPI 3: selects a media type and the pack format for it.</summary>
internal static class OpenApiBodies
{
    public static DescribedBody? Body(OpenApiDescription document, JsonElement operation)
    {
        if (!operation.TryGetProperty("requestBody", out var given))
            return null;
        var body = document.Follow(given);
        if (
            body.ValueKind != JsonValueKind.Object
            || !body.TryGetProperty("content", out var content)
            || content.ValueKind != JsonValueKind.Object
            || !content.EnumerateObject().Any()
        )
            return null;
        var types = content.EnumerateObject().Where(m => m.Value.ValueKind == JsonValueKind.Object).ToList();
        var required = OpenApiDescription.Flag(body, "required");
        var text = OpenApiDescription.Text(body, "description");
        if (
            Pick(types, m => m is "application/json" or "*/*" || m.EndsWith("+json", StringComparison.Ordinal)) is
            { } json
        )
        {
            var plain = Media(json.Name) is "application/json" or "*/*";
            return new DescribedBody(
                BodyFormat.Json,
                plain ? null : Media(json.Name),
                Schema(json.Value),
                required,
                text,
                DescribedBody.Plain
            );
        }

        if (Pick(types, m => m == "application/x-www-form-urlencoded") is { } form)
            return new DescribedBody(BodyFormat.Form, null, Schema(form.Value), required, text, Encoding(form.Value));
        if (Pick(types, m => m == "multipart/form-data") is { } parts)
            return new DescribedBody(
                BodyFormat.Multipart,
                null,
                Schema(parts.Value),
                required,
                text,
                Encoding(parts.Value)
            );
        if (Pick(types, IsPlainOrBytes) is { } raw)
            return new DescribedBody(
                BodyFormat.Raw,
                Media(raw.Name).Contains('*', StringComparison.Ordinal) ? "application/octet-stream" : Media(raw.Name),
                Schema(raw.Value),
                required,
                text,
                DescribedBody.Plain
            );
        return required
            ? throw new NotExpressibleException(
                Reasons.BodyMedia,
                "its body is " + string.Join(", ", types.Select(t => t.Name).Take(4))
            )
            : null;
    }

    /// <summary>The Accept header: JSON if the operation has it, else what the provider returns.</summary>
    public static string Accept(OpenApiDescription document, JsonElement operation)
    {
        if (!operation.TryGetProperty("responses", out var responses) || responses.ValueKind != JsonValueKind.Object)
            return "application/json";
        var types = new List<string>();
        foreach (var response in responses.EnumerateObject().Where(r => r.Name.StartsWith('2') || r.Name == "default"))
        {
            var answer = document.Follow(response.Value);
            if (
                answer.ValueKind == JsonValueKind.Object
                && answer.TryGetProperty("content", out var content)
                && content.ValueKind == JsonValueKind.Object
            )
                types.AddRange(content.EnumerateObject().Select(m => Media(m.Name)));
        }

        if (types.Count == 0 || types.Contains("application/json") || types.Contains("*/*"))
            return "application/json";
        if (types.FirstOrDefault(t => t.EndsWith("+json", StringComparison.Ordinal)) is { } json)
            return json;
        if (types.TrueForAll(t => t is "text/event-stream" or "application/x-ndjson"))
            throw new NotExpressibleException(Reasons.Answer, "its response is a stream of events");
        return types.First(t => t is not ("text/event-stream" or "application/x-ndjson"));
    }

    private static bool IsPlainOrBytes(string media) =>
        media
            is "text/plain"
                or "application/octet-stream"
                or "application/pdf"
                or "application/zip"
                or "text/csv"
                or "text/html"
                or "text/markdown"
                or "text/x-markdown"
        || media.StartsWith("image/", StringComparison.Ordinal)
        || media.StartsWith("audio/", StringComparison.Ordinal)
        || media.StartsWith("video/", StringComparison.Ordinal);

    private static JsonProperty? Pick(List<JsonProperty> types, Predicate<string> wanted) =>
        types.FindIndex(t => wanted(Media(t.Name))) is var i and >= 0 ? types[i] : null;

    private static string Media(string name) => name.Split(';')[0].Trim().ToLowerInvariant();

    private static JsonElement Schema(JsonElement media) =>
        media.TryGetProperty("schema", out var schema) ? schema : default;

    private static ImmutableSortedDictionary<string, PropertyEncoding> Encoding(JsonElement media) =>
        media.TryGetProperty("encoding", out var encoding) && encoding.ValueKind == JsonValueKind.Object
            ? encoding
                .EnumerateObject()
                .Where(e => e.Value.ValueKind == JsonValueKind.Object)
                .ToImmutableSortedDictionary(
                    e => e.Name,
                    e => new PropertyEncoding(
                        OpenApiDescription.Text(e.Value, "style"),
                        e.Value.TryGetProperty("explode", out var explode)
                            ? explode.ValueKind == JsonValueKind.True
                            : null,
                        OpenApiDescription.Text(e.Value, "contentType")
                    ),
                    StringComparer.Ordinal
                )
            : DescribedBody.Plain;
}
