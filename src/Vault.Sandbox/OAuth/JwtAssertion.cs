using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace Vault.Sandbox.OAuth;

/// <summary>A parsed compact JWS, not yet verified.</summary>
internal sealed record JwtAssertion(
    string? Algorithm,
    string? KeyId,
    JsonElement Claims,
    byte[] Signed,
    byte[] Signature
)
{
    public string? this[string claim] =>
        Claims.TryGetProperty(claim, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    public static JwtAssertion? Parse(string text)
    {
        var parts = text.Split('.');
        if (parts.Length != 3 || text.Length > 16 * 1024)
        {
            return null;
        }

        try
        {
            var header = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[0])).RootElement;
            var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[1])).RootElement;
            if (
                header.ValueKind != JsonValueKind.Object
                || claims.ValueKind != JsonValueKind.Object
                || header.TryGetProperty("crit", out _)
            )
            {
                return null;
            }

            return new JwtAssertion(
                Text(header, "alg"),
                Text(header, "kid"),
                claims,
                Encoding.ASCII.GetBytes(parts[0] + "." + parts[1]),
                Base64Url.DecodeFromChars(parts[2])
            );
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>A NumericDate claim. False if it is present but invalid; true with null if it is absent.</summary>
    public bool TryDate(string claim, out DateTimeOffset? value)
    {
        value = null;
        if (!Claims.TryGetProperty(claim, out var element))
        {
            return true;
        }

        if (
            element.ValueKind != JsonValueKind.Number
            || !element.TryGetDouble(out var seconds)
            || seconds is < 0 or > 253_402_300_799
        )
        {
            return false;
        }

        value = DateTimeOffset.UnixEpoch.AddSeconds(seconds);
        return true;
    }

    /// <summary>
    /// The audience if there is exactly one; an assertion with several could be replayed at another server.
    /// </summary>
    public string? SoleAudience()
    {
        if (!Claims.TryGetProperty("aud", out var aud))
        {
            return null;
        }

        return aud.ValueKind switch
        {
            JsonValueKind.String => aud.GetString(),
            JsonValueKind.Array when aud.GetArrayLength() == 1 && aud[0].ValueKind == JsonValueKind.String => aud[0]
                .GetString(),
            _ => null,
        };
    }

    public override string ToString() => "JwtAssertion";

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
