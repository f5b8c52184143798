using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Vault.Core.OAuth;

namespace Vault.Providers.OAuth;

/// <summary>
/// Reads the parameters of a provider's callback. Anybody with a link can forge a callback, so no value counts until it
/// matches the pack: its pattern, the expected value of the connection, and the signature of the whole. One of the few
/// places that reveal secrets: the client secret is used only as the HMAC key.
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
            // An invalid value is an error, never ignored: its default could belong to another customer.
            else
                return CallbackReading.Refused("callback_" + from + "_refused");
        }

        return new CallbackReading(captured.ToImmutable(), null);
    }

    /// <summary>
    /// Before joining, '%' and '&amp;' are escaped, and '=' in names, as Shopify signs them
    /// (https://docs.shopify.com/api/authentication/oauth#verification). Otherwise a value that contains "&amp;shop="
    /// would have the same signature as two parameters, and an attacker could split a signed string differently.
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
