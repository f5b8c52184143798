using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Vault.Core.Errors;

namespace Vault.Gateway.Http;

/// <summary>Converts query parameters to a body and checks them the same way.</summary>
internal static class QueryCheck
{
    public static Result<Body> Read(IQueryCollection query, Operation operation)
    {
        if (query.Count == 0 && operation.Query.Count == 0)
            return Body.Empty;
        var faults = new List<Violation>();
        var values = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var (name, given) in query)
        {
            if (operation.Query.FirstOrDefault(f => f.Name == name || f.Aliases.Contains(name)) is not { } field)
            {
                if (!operation.OpenQuery)
                    faults.Add(new(name, BodyCheck.Unknown(name, operation.Query.Select(f => f.Name))));
            }
            else if (given.Count != 1 || values.ContainsKey(field.Name))
            {
                faults.Add(new(name, "is given more than once"));
            }
            else if (Convert(field, given[0] ?? "") is { } value)
            {
                values[field.Name] = value;
            }
            else
            {
                faults.Add(
                    new(
                        name,
                        field.Kind == FieldKind.Integer
                            ? $"must be an integer from {field.Min} to {field.Max}"
                            : "must be true or false"
                    )
                );
            }
        }

        if (faults.Count > 0)
            return BodyCheck.Refuse(faults);
        return BodyCheck.Read(JsonSerializer.SerializeToElement(values), operation.Query);
    }

    private static JsonElement? Convert(Field field, string text) =>
        field.Kind switch
        {
            FieldKind.Integer => long.TryParse(
                text,
                NumberStyles.AllowLeadingSign,
                CultureInfo.InvariantCulture,
                out var number
            )
                ? JsonSerializer.SerializeToElement(number)
                : null,
            FieldKind.Boolean => text is "true" or "false" ? JsonSerializer.SerializeToElement(text == "true") : null,
            FieldKind.TextList => JsonSerializer.SerializeToElement(
                text.Split(',', StringSplitOptions.RemoveEmptyEntries)
            ),
            _ => JsonSerializer.SerializeToElement(text),
        };
}
