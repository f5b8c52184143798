using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Vault.Gateway.Tests.Host;

/// <summary>An HTTP answer, read.</summary>
internal sealed record Reply(HttpStatusCode Status, string Text, HttpResponseMessage Message)
{
    public JsonNode Json => JsonNode.Parse(Text)!;

    public string? Code => Json["code"]?.GetValue<string>();

    public string this[string field] =>
        Json[field]?.GetValue<string>() ?? throw new InvalidOperationException($"No {field} in {Text}");

    public string? Header(string name) =>
        Message.Headers.TryGetValues(name, out var values) || Message.Content.Headers.TryGetValues(name, out values)
            ? string.Join(", ", values)
            : null;

    public string? Cookie => Header("Set-Cookie")?.Split(';')[0];

    public Reply Is(int status, string? code = null)
    {
        Assert.True((int)Status == status, $"expected {status} {code}, got {(int)Status}: {Text}");
        if (code is not null)
            Assert.Equal(code, Code);
        return this;
    }

    public static string Body(object value) => value as string ?? JsonSerializer.Serialize(value);
}
