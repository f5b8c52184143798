using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Vault.Core.OAuth;

namespace Vault.Providers.OAuth;

/// <summary>
/// Reads what a provider's way back carries. Whoever has a link can make up a callback, so nothing in it counts until
/// it fits the pack: a value its pattern, an expected one the connection, and the whole its signature. One of the few
/// places that reveal secrets: the client secret is only ever the key of the HMAC.
/// </summary>
internal static class CallbackReader
{
    public static CallbackReading Read(TokenClient client, IReadOnlyDictionary<string, string> query)
    {
        if (client.Pack.Details.OAuth?.Callback is not { } shape)
            return CallbackReading.Empty;
        if (shape.Signature is { } name && !IsSigned(client, query, name))
            return CallbackReading.Refused("callback_signature_wrong");
        var variables = TemplateContext.Of(client);
        foreach (var (parameter, template) in shape.Expect)
        {
            if (variables.Expand(template) is not { } expected || query.GetValueOrDefault(parameter) != expected)
                return CallbackReading.Refused("callback_" + parameter + "_mismatch");
        }

        var captured = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var (parameter, from) in shape.Capture)
        {
            var rule = client.Pack.Details.Parameters[parameter];
            if (!query.TryGetValue(from, out var value) || value.Length == 0)
            {
                if (rule is { Required: true, Default: null })
                    return CallbackReading.Refused("callback_" + from + "_missing");
            }
            else if (rule.Accepts(value))
                captured[parameter] = value;
            // One that does not fit is never left out quietly: a default in its place could be another customer's.
            else
                return CallbackReading.Refused("callback_" + from + "_refused");
        }

        return new CallbackReading(captured.ToImmutable(), null);
    }

    /// <summary>
    /// Before they are joined, '%' and '&amp;' are written out, and '=' in names, as Shopify signs them
    /// (https://docs.shopify.com/api/authentication/oauth#verification): without it, one value that holds "&amp;shop="
    /// would be signed like two parameters, and a signed text could be cut into others than those it was signed for.
    /// </summary>
    private static string Escaped(string text) =>
        text.Replace("%", "%25", StringComparison.Ordinal).Replace("&", "%26", StringComparison.Ordinal);

    private static bool IsSigned(TokenClient client, IReadOnlyDictionary<string, string> query, string name)
    {
        if (client.ClientSecret is not { } secret || !query.TryGetValue(name, out var given) || given.Length != 64)
            return false;
        var message = string.Join(
            '&',
            query
                .Where(p => p.Key != name)
                .OrderBy(p => p.Key, StringComparer.Ordinal)
                .Select(p => Escaped(p.Key).Replace("=", "%3D", StringComparison.Ordinal) + "=" + Escaped(p.Value))
        );
        var expected = Convert.ToHexStringLower(HMACSHA256.HashData(secret.Reveal(), Encoding.UTF8.GetBytes(message)));
        return CryptographicOperations.FixedTimeEquals(
            Encoding.ASCII.GetBytes(expected),
            Encoding.ASCII.GetBytes(given.ToLowerInvariant())
        );
    }
}
