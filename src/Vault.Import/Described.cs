using System.Text.Json;
using Vault.Core.Errors;
using YamlDotNet.Core;

namespace Vault.Import;

/// <summary>Detects the kind of a document. Its first character distinguishes YAML from JSON.</summary>
internal static class Described
{
    /// <exception cref="JsonException">Begins like JSON but is not valid.</exception>
    /// <exception cref="FormatException">Begins like GraphQL but is not valid.</exception>
    public static Result<IDescription> Open(ReadOnlyMemory<byte> document)
    {
        if (document.Span.StartsWith("\uFEFF"u8))
            document = document[3..];
        if (document.Span.Trim(" \t\r\n\0"u8).IsEmpty)
            return VaultError.Invalid("document", "is empty; send the description as the body of the request");
        if (!ToolImport.IsJson(document.Span))
        {
            try
            {
                document = YamlDocument.ToJson(document);
            }
            catch (YamlException e)
            {
                return VaultError.Invalid(
                    "document",
                    $"is neither JSON nor supported YAML (no aliases, at most 128 levels): line {e.Start.Line}"
                );
            }

            if (document.Span is not [(byte)'{', ..])
                return VaultError.Invalid(
                    "document",
                    "is YAML, but not a mapping; send a GraphQL schema together with its operations: {\"schema\": "
                        + "…, \"operations\": …}"
                );
        }

        var slices = new JsonSlices(document);
        if (Version(slices, "/openapi") is { } version)
            return version.StartsWith("3.", StringComparison.Ordinal)
                ? new OpenApiDescription(slices)
                : VaultError.Invalid("openapi", $"is '{version}'; 3.0 and 3.1 are supported");
        if (Version(slices, "/swagger") is { } swagger)
            return swagger is "2.0" or "2"
                ? new OpenApiDescription(slices)
                : VaultError.Invalid("swagger", $"is '{swagger}'; 2.0 is supported");
        if (slices.Has("/discoveryVersion") || slices.Text("/kind") == "discovery#restDescription")
            return new DiscoveryDescription(slices);
        if (slices.Has("/schema") && slices.Has("/operations"))
            return new GraphQlDescription(slices);
        return VaultError.Invalid(
            "document",
            "is none of: OpenAPI 3 (openapi), Swagger 2 (swagger), Google Discovery (discoveryVersion), GraphQL "
                + "({\"schema\": …, \"operations\": …})"
        );
    }

    // YAML parses an unquoted version as a number.
    private static string? Version(JsonSlices slices, string pointer) =>
        slices.Read(pointer) is { ValueKind: JsonValueKind.String or JsonValueKind.Number } value
            ? value.ToString()
            : null;
}
