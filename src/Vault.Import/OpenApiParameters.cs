using System.Collections.Immutable;
using System.Text.Json;
using Vault.Core.Packs;
using Vault.Providers.Packs;

namespace Vault.Import;

/// <summary>The parameters of OpenAPI 3 and Swagger 2 with their serialization, including Swagger's body.</summary>
internal sealed class OpenApiParameters(OpenApiDescription document, bool swagger)
{
    private readonly List<(string Name, JsonElement Parameter)> _form = [];
    private JsonElement? _body;

    /// <summary>Optional parameters that the tool does not have, with the reasons.</summary>
    public List<string> LeftOut { get; } = [];

    public ImmutableArray<DescribedParameter> Read(JsonElement shared, JsonElement operation)
    {
        var all = new Dictionary<(string, string), JsonElement>();
        foreach (var list in new[] { shared, operation.TryGetProperty("parameters", out var own) ? own : default })
        {
            if (list.ValueKind != JsonValueKind.Array)
                continue;
            foreach (var item in list.EnumerateArray())
            {
                var parameter = document.Follow(item);
                if (
                    OpenApiDescription.Text(parameter, "name") is { Length: > 0 } name
                    && OpenApiDescription.Text(parameter, "in") is { } place
                )
                    all[(name, place)] = parameter;
            }
        }

        var read = ImmutableArray.CreateBuilder<DescribedParameter>();
        foreach (var ((name, place), parameter) in all)
        {
            if (One(name, place, parameter) is { } one)
                read.Add(one);
        }

        return read.ToImmutable();
    }

    public DescribedBody? SwaggerBody(IEnumerable<string> consumes)
    {
        if (_body is { } body)
            return new DescribedBody(
                BodyFormat.Json,
                JsonMedia([.. consumes]),
                body.TryGetProperty("schema", out var schema) ? schema : default,
                OpenApiDescription.Flag(body, "required"),
                OpenApiDescription.Text(body, "description"),
                DescribedBody.Plain
            );
        if (_form.Count == 0)
            return null;
        // In Swagger form fields are parameters; they are combined to the schema of the body.
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("type", "object");
            writer.WriteStartObject("properties");
            foreach (var (name, parameter) in _form)
            {
                writer.WritePropertyName(name);
                writer.WriteStartObject();
                foreach (
                    var member in parameter
                        .EnumerateObject()
                        .Where(m => m.Name is not ("in" or "name" or "required" or "type" or "format"))
                )
                    member.WriteTo(writer);
                var type = OpenApiDescription.Text(parameter, "type");
                writer.WriteString("type", type == "file" ? "string" : type ?? "string");
                if (type == "file")
                    writer.WriteString("format", "binary");
                else if (OpenApiDescription.Text(parameter, "format") is { } format)
                    writer.WriteString("format", format);
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
            writer.WriteStartArray("required");
            foreach (var (name, parameter) in _form.Where(f => OpenApiDescription.Flag(f.Parameter, "required")))
                writer.WriteStringValue(name);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        var reader = new Utf8JsonReader(buffer.WrittenSpan);
        var files = _form.Any(f => OpenApiDescription.Text(f.Parameter, "type") == "file");
        return new DescribedBody(
            files || consumes.Contains("multipart/form-data") ? BodyFormat.Multipart : BodyFormat.Form,
            null,
            JsonElement.ParseValue(ref reader),
            _form.Any(f => OpenApiDescription.Flag(f.Parameter, "required")),
            null,
            _form
                .Where(f => OpenApiDescription.Text(f.Parameter, "type") == "array")
                .ToImmutableSortedDictionary(
                    f => f.Name,
                    f =>
                        OpenApiDescription.Text(f.Parameter, "collectionFormat") switch
                        {
                            "multi" => new PropertyEncoding("form", true, null),
                            "ssv" => new PropertyEncoding("spaceDelimited", false, null),
                            "pipes" => new PropertyEncoding("pipeDelimited", false, null),
                            _ => new PropertyEncoding("form", false, null),
                        },
                    StringComparer.Ordinal
                )
        );
    }

    private static string? JsonMedia(List<string> consumes)
    {
        if (consumes.Count == 0 || consumes.Exists(m => m.Split(';')[0] is "application/json" or "*/*"))
            return null;
        return consumes.Find(m => m.EndsWith("+json", StringComparison.Ordinal))
            ?? throw new NotExpressibleException(
                Reasons.BodyMedia,
                "its body is " + string.Join(", ", consumes.Take(4))
            );
    }

    private DescribedParameter? One(string name, string place, JsonElement parameter)
    {
        var required = OpenApiDescription.Flag(parameter, "required");
        switch (place)
        {
            case "body":
                _body = parameter;
                return null;
            case "formData":
                _form.Add((name, parameter));
                return null;
            case "cookie":
                return required
                    ? throw new NotExpressibleException(
                        Reasons.Cookie,
                        $"the cookie '{name}' is required, but the vault sends no cookies"
                    )
                    : Leave($"the cookie '{name}' is left out: the vault sends no cookies");
            // The vault sets these three itself; OpenAPI also ignores such parameters.
            case "header" when name.ToLowerInvariant() is "accept" or "content-type" or "authorization":
                return null;
            case "header" when HeaderReading.Fault(name, credential: false) is { } fault:
                return required
                    ? throw new NotExpressibleException(Reasons.Parameter, fault)
                    : Leave($"the header '{name}' is left out: it {fault}");
        }

        var where = place switch
        {
            "path" => ParameterPlace.Path,
            "query" => ParameterPlace.Query,
            "header" => ParameterPlace.Header,
            _ => throw new NotExpressibleException(Reasons.Parameter, $"'{name}' is in '{place}'"),
        };
        var (schema, form, fits, deep) = swagger ? Swagger(parameter) : OpenApi(parameter, where);
        if (!fits && (required || where == ParameterPlace.Path))
            throw new NotExpressibleException(
                Reasons.Parameter,
                $"'{name}' is required and has a serialization that a pack cannot express"
            );
        if (!fits)
            return Leave($"the parameter '{name}' is left out: a pack cannot express its serialization");
        return new DescribedParameter(
            name,
            where,
            required || where == ParameterPlace.Path,
            schema,
            form,
            OpenApiDescription.Text(parameter, "description"),
            fits,
            deep
        );
    }

    private DescribedParameter? Leave(string line)
    {
        LeftOut.Add(line);
        return null;
    }

    private (JsonElement Schema, string? Form, bool Fits, bool Deep) OpenApi(
        JsonElement parameter,
        ParameterPlace where
    )
    {
        if (parameter.TryGetProperty("content", out var content) && content.ValueKind == JsonValueKind.Object)
        {
            var media = content.EnumerateObject().FirstOrDefault();
            var inner =
                media.Value.ValueKind == JsonValueKind.Object && media.Value.TryGetProperty("schema", out var s)
                    ? s
                    : default;
            return (
                inner,
                "json",
                media.Name?.Contains("json", StringComparison.OrdinalIgnoreCase) == true
                    && where != ParameterPlace.Path,
                false
            );
        }

        var schema = parameter.TryGetProperty("schema", out var given) ? given : default;
        var style = OpenApiDescription.Text(parameter, "style") ?? (where == ParameterPlace.Query ? "form" : "simple");
        var explode = parameter.TryGetProperty("explode", out var e)
            ? e.ValueKind == JsonValueKind.True
            : style is "form" or "deepObject";
        var type = OpenApiDescription.Text(document.Follow(schema), "type");
        return (type, style, explode) switch
        {
            (_, "deepObject", _) => (schema, null, true, true),
            ("array", "form", true) => (schema, null, true, false),
            ("array", "form" or "simple", _) => (schema, "comma", true, false),
            ("array", "spaceDelimited", false) => (schema, "space", true, false),
            ("array", "pipeDelimited", false) => (schema, "pipe", true, false),
            ("array", "spaceDelimited" or "pipeDelimited", true) => (schema, null, true, false),
            ("array" or "object", _, _) => (schema, null, false, false),
            (_, "form" or "simple", _) => (schema, null, true, false),
            _ => (schema, null, false, false),
        };
    }

    private static (JsonElement Schema, string? Form, bool Fits, bool Deep) Swagger(JsonElement parameter) =>
        OpenApiDescription.Text(parameter, "type") switch
        {
            "array" => OpenApiDescription.Text(parameter, "collectionFormat") switch
            {
                "multi" => (parameter, null, true, false),
                "ssv" => (parameter, "space", true, false),
                "pipes" => (parameter, "pipe", true, false),
                null or "csv" => (parameter, "comma", true, false),
                _ => (parameter, null, false, false),
            },
            "object" or "file" => (parameter, null, false, false),
            _ => (parameter, null, true, false),
        };
}
