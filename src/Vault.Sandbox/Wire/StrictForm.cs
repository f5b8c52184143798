using Microsoft.Extensions.Primitives;

namespace Vault.Sandbox.Wire;

/// <summary>
/// The parameters of an OAuth request. A parameter without a value counts as absent; a repeated one is an error (RFC
/// 6749 section 3.1).
/// </summary>
internal sealed class StrictForm
{
    private readonly IEnumerable<KeyValuePair<string, StringValues>> _values;

    private StrictForm(IEnumerable<KeyValuePair<string, StringValues>> values) => _values = values;

    public string? this[string name] =>
        Raw(name) is { Count: > 0 } values && !string.IsNullOrEmpty(values[0]) ? values[0] : null;

    public static StrictForm OfQuery(HttpRequest request) => new(request.Query);

    /// <summary>All values of a repeatable parameter.</summary>
    public IReadOnlyList<string?> All(string name) => Raw(name);

    /// <summary>
    /// Reads a form body; null with a reason if the request has none. Only parameters in <paramref name="repeatable"/>
    /// may repeat.
    /// </summary>
    public static async Task<(StrictForm? Form, string? Problem)> ReadAsync(
        HttpRequest request,
        string? repeatable = null
    )
    {
        if (
            request.ContentType is not { } type
            || !type.StartsWith("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase)
        )
        {
            return (null, "send the parameters as application/x-www-form-urlencoded");
        }

        try
        {
            var form = new StrictForm(await request.ReadFormAsync());
            return form.Repeated() is { } repeated && repeated != repeatable
                ? (null, $"the parameter {repeated} was sent more than once")
                : (form, null);
        }
        catch (Exception e) when (e is InvalidDataException or BadHttpRequestException or IOException)
        {
            return (null, "the form body could not be read");
        }
    }

    public string? Repeated() => _values.FirstOrDefault(static p => p.Value.Count > 1).Key;

    private StringValues Raw(string name) =>
        _values switch
        {
            IFormCollection form => form[name],
            IQueryCollection query => query[name],
            _ => StringValues.Empty,
        };
}
