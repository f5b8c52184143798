using System.Text.Json;
using Vault.Core.Errors;
using YamlDotNet.Core;

namespace Vault.Import;

/// <summary>Tells what kind of document it is. YAML is told from JSON by its first character.</summary>
internal static class Described
{
    /// <exception cref="JsonException">Begins like JSON and is not.</exception>
    /// <exception cref="FormatException">Begins like GraphQL and is not.</exception>
    public static Result<IDescription> Open(ReadOnlyMemory<byte> document)
    {
        if (document.Span.StartsWith("\uFEFF"u8))
            document = document[3..];
        if (document.Span.Trim(" \t\r\n\0"u8).IsEmpty)
            return VaultError.Invalid("document", "is empty; the body of the request is the description itself");
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
                    $"is neither JSON nor YAML that is read here (no aliases, at most 128 levels): line {e.Start.Line}"
                );
            }

            if (document.Span is not [(byte)'{', ..])
                return VaultError.Invalid(
                    "document",
                    "is YAML, but no mapping; a GraphQL schema is sent together with its operations: {\"schema\": …, \"operations\": …}"
                );
        }

        var slices = new JsonSlices(document);
        if (Version(slices, "/openapi") is { } version)
            return version.StartsWith("3.", StringComparison.Ordinal)
                ? new OpenApiDescription(slices)
                : VaultError.Invalid("openapi", $"is '{version}'; 3.0 and 3.1 are read");
        if (Version(slices, "/swagger") is { } swagger)
            return swagger is "2.0" or "2"
                ? new OpenApiDescription(slices)
                : VaultError.Invalid("swagger", $"is '{swagger}'; 2.0 is read");
        if (slices.Has("/discoveryVersion") || slices.Text("/kind") == "discovery#restDescription")
            return new DiscoveryDescription(slices);
        if (slices.Has("/schema") && slices.Has("/operations"))
            return new GraphQlDescription(slices);
        return VaultError.Invalid(
            "document",
            "is none of: OpenAPI 3 (openapi), Swagger 2 (swagger), Google Discovery (discoveryVersion), GraphQL ({\"schema\": …, \"operations\": …})"
        );
    }

    // YAML takes an unquoted version for a number.
    private static string? Version(JsonSlices slices, string pointer) =>
        slices.Read(pointer) is { ValueKind: JsonValueKind.String or JsonValueKind.Number } value
            ? value.ToString()
            : null;
}
