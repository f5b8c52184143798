using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;

namespace Vault.PackLab;

/// <summary>A request as the emulator saw it, with its parameters from query and body together.</summary>
internal sealed record Seen(string Method, Uri Url, Func<string, string?> Header, string Body, string? MediaType)
{
    public IReadOnlyDictionary<string, string> Fields { get; } = Read(Url, Body, MediaType);

    public static async Task<Seen> OfAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken);
        var headers = request
            .Headers.Concat(request.Content?.Headers.AsEnumerable() ?? [])
            .ToDictionary(h => h.Key, h => string.Join(", ", h.Value), StringComparer.OrdinalIgnoreCase);
        return new Seen(
            request.Method.Method,
            request.RequestUri!,
            headers.GetValueOrDefault,
            body,
            request.Content?.Headers.ContentType?.MediaType
        );
    }

    private static Dictionary<string, string> Read(Uri url, string body, string? media)
    {
        var fields = QueryHelpers
            .ParseQuery(url.Query)
            .ToDictionary(p => p.Key, p => p.Value.ToString(), StringComparer.Ordinal);
        if (media == "application/x-www-form-urlencoded")
        {
            foreach (var (name, value) in QueryHelpers.ParseQuery(body))
                fields[name] = value.ToString();
        }
        else if (media == "application/json" && body.StartsWith('{'))
        {
            using var document = JsonDocument.Parse(body);
            foreach (var member in document.RootElement.EnumerateObject())
                fields[member.Name] = member.Value.ToString();
        }

        return fields;
    }
}
