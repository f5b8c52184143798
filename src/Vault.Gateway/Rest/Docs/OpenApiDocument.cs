using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.RegularExpressions;
using Vault.Core.Errors;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.Docs;

/// <summary>Generates OpenAPI 3.1 from the operations that also check the requests.</summary>
internal static partial class OpenApiDocument
{
    public static JsonObject Build(IEnumerable<Operation> operations, string serverUrl, string version)
    {
        var paths = new JsonObject();
        foreach (var operation in operations)
        {
            if (paths[operation.Path] is not JsonObject path)
                paths[operation.Path] = path = [];
            path[operation.Method.ToLowerInvariant()] = Describe(operation);
        }

        return new JsonObject
        {
            ["openapi"] = "3.1.0",
            ["info"] = new JsonObject
            {
                ["title"] = "Vault.Orleans",
                ["version"] = version,
                ["description"] = "Agents execute tools with their users' accounts and never hold a credential.",
            },
            ["servers"] = new JsonArray(new JsonObject { ["url"] = serverUrl }),
            ["paths"] = paths,
            ["components"] = new JsonObject
            {
                ["securitySchemes"] = new JsonObject
                {
                    ["api_key"] = new JsonObject
                    {
                        ["type"] = "http",
                        ["scheme"] = "bearer",
                        ["description"] = "vk_live_…",
                    },
                },
                ["schemas"] = new JsonObject { ["Problem"] = ProblemSchema() },
            },
        };
    }

    private static JsonObject Describe(Operation operation)
    {
        var node = new JsonObject
        {
            ["operationId"] = operation.Id,
            ["summary"] = operation.Summary,
            ["tags"] = new JsonArray(operation.Tag),
        };
        if (operation.Description is { } text)
            node["description"] = text;
        if (operation.Permission is { } permission)
        {
            node["security"] = new JsonArray(new JsonObject { ["api_key"] = new JsonArray() });
            node["x-permission"] = permission;
        }

        var parameters = new JsonArray();
        foreach (Match match in PathParameter().Matches(operation.Path))
            parameters.Add(
                (JsonNode)
                    new JsonObject
                    {
                        ["name"] = match.Groups[1].Value,
                        ["in"] = "path",
                        ["required"] = true,
                        ["schema"] = new JsonObject { ["type"] = "string" },
                    }
            );
        foreach (var field in operation.Query)
            parameters.Add(
                (JsonNode)
                    new JsonObject
                    {
                        ["name"] = field.Name,
                        ["in"] = "query",
                        ["required"] = field.Required,
                        ["description"] = field.Description,
                        ["schema"] = FieldSchema(field),
                    }
            );
        if (operation.Exchanges)
            foreach (var (name, description) in ExchangeHeaders)
                parameters.Add(
                    (JsonNode)
                        new JsonObject
                        {
                            ["name"] = name,
                            ["in"] = "header",
                            ["required"] = false,
                            ["description"] = description,
                            ["schema"] = new JsonObject { ["type"] = "string" },
                        }
                );
        if (operation.Writes)
            parameters.Add(
                (JsonNode)
                    new JsonObject
                    {
                        ["name"] = "Idempotency-Key",
                        ["in"] = "header",
                        ["required"] = false,
                        ["description"] =
                            "A request with the same key and content runs once; a repeated one gets "
                            + "the same response.",
                        ["schema"] = new JsonObject
                        {
                            ["type"] = "string",
                            ["minLength"] = 1,
                            ["maxLength"] = 255,
                        },
                    }
            );
        if (parameters.Count > 0)
            node["parameters"] = parameters;
        if (operation.Body is { } body)
            node["requestBody"] = RequestBody(operation, body);
        node["responses"] = Responses(operation);
        return node;
    }

    private static readonly (string Name, string Description)[] ExchangeHeaders =
    [
        ("Vault-User", "The user, by your own id; or ;user= after the connection."),
        ("Vault-Account", "The account, instead of its user; or ;account= after the connection."),
        ("Vault-Account-Label", "The account's label, where a user has several; or ;label= after the connection."),
        ("Vault-Organization", "The organization. Required with a platform key."),
        ("Vault-Approval", "The approval that a destructive call requires."),
        ("Vault-Run", "Your own id of the agent run, for the ledger."),
    ];

    private static JsonObject RequestBody(Operation operation, IReadOnlyList<Field> fields)
    {
        JsonObject schema;
        if (operation.RawBody)
        {
            schema = new JsonObject { ["type"] = "object" };
        }
        else
        {
            var properties = new JsonObject();
            foreach (var field in fields)
            {
                properties[field.Name] = FieldSchema(field);
                foreach (var alias in field.Aliases)
                    properties[alias] = FieldSchema(field with { Description = $"Alias of {field.Name}." });
            }

            schema = new JsonObject
            {
                ["type"] = "object",
                ["additionalProperties"] = false,
                ["properties"] = properties,
            };
            // A field with aliases may be given under any of them, which "required" cannot express.
            if (
                fields.Where(f => f.Required && f.Aliases.Count == 0).Select(f => (JsonNode)f.Name).ToArray() is
                { Length: > 0 } required
            )
                schema["required"] = new JsonArray(required);
        }

        return new JsonObject
        {
            ["required"] = operation.RawBody || fields.Any(f => f.Required),
            ["content"] = new JsonObject { ["application/json"] = new JsonObject { ["schema"] = schema } },
        };
    }

    private static JsonObject Responses(Operation operation)
    {
        var responses = new JsonObject();
        var success = new JsonObject { ["description"] = operation.Summary };
        if (operation.Answer is { } type)
            success["content"] = new JsonObject
            {
                ["application/json"] = new JsonObject { ["schema"] = AnswerSchema(type) },
            };
        else if (operation.ContentType is { } content && operation.Success != 303)
            success["content"] = new JsonObject
            {
                [content] = new JsonObject
                {
                    ["schema"] = new JsonObject { ["type"] = content == "application/json" ? "object" : "string" },
                },
            };
        responses[operation.Success.ToString(System.Globalization.CultureInfo.InvariantCulture)] = success;
        foreach (var group in operation.AllErrors().GroupBy(e => e.Status))
        {
            responses[group.Key.ToString(System.Globalization.CultureInfo.InvariantCulture)] = new JsonObject
            {
                ["description"] = string.Join("; ", group.Select(e => $"{e.Code}: {e.Title}")),
                ["x-codes"] = new JsonArray([.. group.Select(e => (JsonNode)e.Code)]),
                ["content"] =
                    operation.Medium == Medium.Page
                        ? new JsonObject
                        {
                            ["text/html"] = new JsonObject { ["schema"] = new JsonObject { ["type"] = "string" } },
                        }
                        : new JsonObject
                        {
                            [Problems.ContentType] = new JsonObject
                            {
                                ["schema"] = new JsonObject { ["$ref"] = "#/components/schemas/Problem" },
                            },
                        },
            };
        }

        return responses;
    }

    private static JsonNode AnswerSchema(Type type)
    {
        var schema = GatewayJson.Options.GetJsonSchemaAsNode(
            type,
            new JsonSchemaExporterOptions { TreatNullObliviousAsNonNullable = true }
        );
        if (schema is JsonObject { } node && node["properties"] is JsonObject properties)
            properties["request_id"] = new JsonObject
            {
                ["type"] = "string",
                ["description"] = "Quote it when you ask for help.",
            };
        return schema;
    }

    private static JsonObject ProblemSchema()
    {
        var schema = (JsonObject)AnswerSchema(typeof(Problem));
        schema["description"] = "An RFC 9457 problem, with members that tell an agent how to react.";
        var code = (JsonObject)schema["properties"]!["code"]!;
        code["enum"] = new JsonArray([.. ErrorCatalogue.All.Select(e => (JsonNode)e.Code)]);
        return schema;
    }

    private static JsonObject FieldSchema(Field field)
    {
        var schema = field.Kind switch
        {
            FieldKind.Text => new JsonObject { ["type"] = "string", ["maxLength"] = field.MaxLength },
            FieldKind.Time => new JsonObject { ["type"] = "string", ["format"] = "date-time" },
            FieldKind.Integer => new JsonObject
            {
                ["type"] = "integer",
                ["minimum"] = field.Min,
                ["maximum"] = field.Max,
            },
            FieldKind.Boolean => new JsonObject { ["type"] = "boolean" },
            FieldKind.TextList => new JsonObject
            {
                ["type"] = "array",
                ["items"] = new JsonObject { ["type"] = "string", ["maxLength"] = field.MaxLength },
            },
            FieldKind.TextMap => new JsonObject
            {
                ["type"] = "object",
                ["additionalProperties"] = new JsonObject { ["type"] = "string" },
            },
            FieldKind.Credential => new JsonObject
            {
                ["type"] = "object",
                ["required"] = new JsonArray("type"),
                ["properties"] = new JsonObject
                {
                    ["type"] = new JsonObject
                    {
                        ["type"] = "string",
                        ["enum"] = new JsonArray([.. Core.Consent.CredentialKinds.Names.Select(n => (JsonNode)n)]),
                    },
                },
                ["additionalProperties"] = new JsonObject { ["type"] = "string" },
            },
            FieldKind.Any => new JsonObject(),
            _ => new JsonObject { ["type"] = "object" },
        };
        schema["description"] = field.Description;
        if (field.Values.Count > 0)
            schema["enum"] = new JsonArray([.. field.Values.Select(v => (JsonNode)v)]);
        if (field.WriteOnly)
            schema["writeOnly"] = true;
        return schema;
    }

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex PathParameter();
}
