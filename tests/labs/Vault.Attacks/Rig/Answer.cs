using System.Net.Http.Headers;
using System.Text.Json;

namespace Vault.Attacks.Rig;

/// <summary>What came back.</summary>
internal sealed record Answer(int Status, string? ContentType, byte[] Body, HttpResponseHeaders Headers, TimeSpan Took)
{
    public string Text => System.Text.Encoding.UTF8.GetString(Body);

    public JsonElement? Json
    {
        get
        {
            if (ContentType is not ("application/json" or "application/problem+json") || Body.Length == 0)
                return null;
            using var document = JsonDocument.Parse(Body);
            return document.RootElement.Clone();
        }
    }

    public string this[string member] =>
        Json is { ValueKind: JsonValueKind.Object } json
        && json.TryGetProperty(member, out var value)
        && value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : throw new InvalidOperationException($"There is no '{member}' in {Status} {Text}");

    public override string ToString() => $"{Status} {(Text.Length > 600 ? Text[..600] + "…" : Text)}";
}
