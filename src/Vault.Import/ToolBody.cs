using System.Text.Json;
using System.Text.Json.Nodes;
using Vault.Core.Packs;

namespace Vault.Import;

/// <summary>
/// Adds the body to a tool's inputs: the members of an object become inputs; any other body is one input.
/// </summary>
internal static class ToolBody
{
    public static void Add(ToolInputs inputs, DescribedBody body, int text)
    {
        var schema = inputs.Rewriter.Resolve(body.Schema);
        if (body.Format == BodyFormat.Raw)
        {
            Raw(inputs, body, text);
            return;
        }

        var written = schema.ValueKind == JsonValueKind.Object ? inputs.Rewriter.Write(schema) : [];
        // Truncated at the budget: the caller retries with less detail, so this result is discarded.
        if (inputs.Rewriter.Over)
            return;
        // An optional body without members (Stripe's DELETEs) is left out.
        if (!body.Required && IsEmpty(schema))
            return;
        if (written["properties"] is JsonObject properties && written["anyOf"] is null)
            Members(inputs, body, written, properties);
        else if (
            written["type"] is JsonValue type
            && type.TryGetValue<string>(out var word)
            && word is "array" or "string" or "integer" or "number" or "boolean"
            && body.Format == BodyFormat.Json
        )
        {
            var name = inputs.Name("body");
            inputs.Property(name, Described(written, body, text), body.Required);
            inputs.Body = new JsonObject
            {
                ["format"] = "raw",
                ["media_type"] = body.MediaType ?? "application/json",
                ["fields"] = new JsonObject
                {
                    ["body"] = new JsonObject { ["from"] = name, ["form"] = "json" },
                },
            };
        }
        else if (
            written["type"] is JsonValue plain && plain.TryGetValue<string>(out var kind) && kind is not "object"
            || body.Format != BodyFormat.Json
        )
        {
            if (written.Count == 0 && !body.Required)
                return;
            throw new NotExpressibleException(Reasons.Body, "its body is neither an object nor a list");
        }
        else
        {
            if (!written.ContainsKey("anyOf") && !written.ContainsKey("allOf") && !written.ContainsKey("$ref"))
                written["type"] = "object";
            var name = inputs.Name("body");
            inputs.Property(name, Described(written, body, text), body.Required);
            inputs.Body = Format(body);
            inputs.Body["spread"] = name;
        }
    }

    private static bool IsEmpty(JsonElement schema) =>
        schema.ValueKind == JsonValueKind.Object
        && OpenApiDescription.Text(schema, "type") is "object" or null
        && schema.TryGetProperty("properties", out var properties)
        && properties.ValueKind == JsonValueKind.Object
        && !properties.EnumerateObject().Any()
        && (!schema.TryGetProperty("additionalProperties", out var more) || more.ValueKind == JsonValueKind.False)
        && !schema.EnumerateObject().Any(m => m.Name is "allOf" or "anyOf" or "oneOf");

    private static void Members(ToolInputs inputs, DescribedBody body, JsonObject written, JsonObject properties)
    {
        var required = written["required"] is JsonArray list ? list.Select(r => r!.GetValue<string>()).ToHashSet() : [];
        var files = body.Format == BodyFormat.Multipart ? Files(inputs, body.Schema) : [];
        var (request, fields) = (Format(body), new JsonObject());
        foreach (var (given, schema) in properties.ToList())
        {
            if (files.Contains(given))
                continue;
            var name = inputs.Name(given);
            properties.Remove(given);
            inputs.Property(name, (JsonObject)schema!, body.Required && required.Contains(given));
            var kind =
                schema!["type"] is JsonValue type && type.TryGetValue<string>(out var word) ? word
                : schema["properties"] is JsonObject ? "object"
                : "";
            var encoding = body.Encoding.GetValueOrDefault(given);
            var isList = encoding?.Style == "deepObject" && kind == "array";
            fields[Place(isList ? given + "[]" : given)] = Source(body.Format, name, kind, schema, encoding);
        }

        request["fields"] = fields;
        if (files.Count > 1)
            throw new NotExpressibleException(
                Reasons.Multipart,
                "it takes several files: " + string.Join(", ", files.Take(4))
            );
        if (files.Count == 1)
        {
            var (content, fileName) = (inputs.Name(files[0] + "_base64"), inputs.Name(files[0] + "_name"));
            inputs.Property(
                content,
                new JsonObject { ["type"] = "string", ["description"] = "The file's bytes as base64." },
                true
            );
            inputs.Property(
                fileName,
                new JsonObject { ["type"] = "string", ["description"] = "The file's name, with its ending." },
                true
            );
            request["file"] = new JsonObject
            {
                ["part"] = files[0],
                ["content"] = content,
                ["base64"] = true,
                ["file_name"] = fileName,
            };
        }

        inputs.Body = request;
    }

    /// <summary>The source of a property in a form or multipart body, as its encoding says.</summary>
    private static JsonNode Source(
        BodyFormat format,
        string name,
        string kind,
        JsonNode schema,
        PropertyEncoding? encoding
    )
    {
        if (format is not (BodyFormat.Form or BodyFormat.Multipart))
            return name;
        var media = encoding?.ContentType?.Split(',')[0].Trim();
        // OpenAPI 3.1 4.8.15.1.1: a part that is an object, or a list of objects, is JSON if nothing else is said.
        if (
            media is null
            && format == BodyFormat.Multipart
            && (kind == "object" || (kind == "array" && schema["items"]?["properties"] is not null))
        )
            media = "application/json";
        if (media?.Contains("json", StringComparison.OrdinalIgnoreCase) == true)
        {
            // A string is taken for JSON that is already written.
            var json = new JsonObject { ["from"] = name, ["form"] = kind == "string" ? "auto" : "json" };
            if (format == BodyFormat.Multipart)
                json["media_type"] = media;
            return json;
        }

        var form = (encoding?.Style, encoding?.Explode) switch
        {
            ("spaceDelimited", not true) => "space",
            ("pipeDelimited", not true) => "pipe",
            (null or "form", false) => "comma",
            _ => null,
        };
        var part = new JsonObject { ["from"] = name };
        if (form is not null && kind == "array")
            part["form"] = form;
        if (media is not null && format == BodyFormat.Multipart && !media.Contains('*', StringComparison.Ordinal))
            part["media_type"] = media;
        return part.Count == 1 ? name : part;
    }

    private static List<string> Files(ToolInputs inputs, JsonElement schema)
    {
        var files = new List<string>();
        foreach (var (name, property) in SchemaRewriter.InputsOf(inputs.Rewriter.Resolve(schema)))
        {
            var value = inputs.Rewriter.Resolve(property);
            if (IsBinary(value))
                files.Add(name);
            else if (
                value.ValueKind == JsonValueKind.Object
                && value.TryGetProperty("items", out var items)
                && IsBinary(inputs.Rewriter.Resolve(items))
            )
                throw new NotExpressibleException(Reasons.Multipart, $"'{name}' is a list of files");
        }

        return files;
    }

    private static bool IsBinary(JsonElement schema) =>
        schema.ValueKind == JsonValueKind.Object
        && (
            OpenApiDescription.Text(schema, "format") is "binary"
            || OpenApiDescription.Text(schema, "contentMediaType") is not null
                && OpenApiDescription.Text(schema, "contentEncoding") is null
        );

    private static void Raw(ToolInputs inputs, DescribedBody body, int text)
    {
        var plain = body.MediaType!.StartsWith("text/", StringComparison.Ordinal);
        var name = inputs.Name(plain ? "body" : "content_base64");
        inputs.Property(
            name,
            Described(
                new JsonObject
                {
                    ["type"] = "string",
                    ["description"] = plain ? "The text to send." : "The bytes to send, as base64.",
                },
                body,
                text
            ),
            body.Required
        );
        inputs.Body = new JsonObject
        {
            ["format"] = "raw",
            ["media_type"] = body.MediaType,
            ["fields"] = new JsonObject
            {
                ["body"] = plain ? name : new JsonObject { ["from"] = name, ["form"] = "base64_bytes" },
            },
        };
    }

    private static JsonObject Described(JsonObject schema, DescribedBody body, int text)
    {
        if (Sentences.Cut(body.Description, text) is { Length: > 0 } cut)
            schema["description"] = cut;
        return schema;
    }

    private static JsonObject Format(DescribedBody body)
    {
        var request = new JsonObject { ["format"] = body.Format.ToString().ToLowerInvariant() };
        if (body.MediaType is not null && body.Format == BodyFormat.Json)
            request["media_type"] = body.MediaType;
        return request;
    }

    /// <summary>A name with a dot would be read as nesting, so it is written as a pointer.</summary>
    private static string Place(string name) =>
        name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '[' or ']') && !name.All(char.IsAsciiDigit)
            ? name
            : "/" + name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);
}
