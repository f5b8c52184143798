using System.Security.Cryptography;
using System.Text;
using Vault.Sandbox.Clients;
using Vault.Sandbox.Counting;
using Vault.Sandbox.Wire;

namespace Vault.Sandbox.OAuth;

/// <summary>client_secret_basic or client_secret_post, exactly one of them (RFC 6749 section 2.3).</summary>
internal sealed class ClientAuthentication(ClientRegistry clients, CounterBook counters)
{
    /// <summary>The unauthenticated client id of the request, for counting and selecting faults.</summary>
    public static string? Claimed(HttpRequest request, StrictForm form) =>
        form["client_id"] ?? (TryBasic(request, out var id, out _) ? id : null);

    /// <summary>The id if it is registered: unknown ids must not add counters.</summary>
    public string? Registered(string? clientId) => clients.TryGet(clientId, out _) ? clientId : null;

    public (ClientEntry? Client, OAuthError? Error) Authenticate(HttpRequest request, StrictForm form)
    {
        var header = request.Headers.Authorization;
        var usedHeader = header.Count > 0;
        if (request.Query.ContainsKey("client_secret"))
        {
            return (null, OAuthError.InvalidRequest("client credentials must not be in the query string"));
        }

        if (usedHeader && form["client_secret"] is not null)
        {
            return (
                null,
                OAuthError.InvalidRequest(
                    "two ways of client authentication in one request; use client_secret_basic or client_secret_post"
                )
            );
        }

        string? id,
            secret;
        if (usedHeader)
        {
            if (!TryBasic(request, out id, out secret))
            {
                return Refused(
                    "the Authorization header is not Basic with a form-encoded client id and secret",
                    usedHeader
                );
            }

            if (form["client_id"] is { } bodyId && bodyId != id)
            {
                return (
                    null,
                    OAuthError.InvalidRequest("client_id in the body and in the Authorization header differ")
                );
            }
        }
        else
        {
            (id, secret) = (form["client_id"], form["client_secret"]);
        }

        if (!clients.TryGet(id, out var client) || secret is null || !SameSecret(client.Current.ClientSecret, secret))
        {
            return Refused("unknown client, or a wrong or missing secret", usedHeader);
        }

        var allowed = client.Current.AuthMethod;
        if (allowed != ClientAuthMethod.Any && (allowed == ClientAuthMethod.Basic) != usedHeader)
        {
            return Refused(
                $"this client is registered for client_secret_{(allowed == ClientAuthMethod.Basic ? "basic" : "post")}",
                usedHeader
            );
        }

        return (client, null);
    }

    private (ClientEntry?, OAuthError?) Refused(string description, bool usedHeader)
    {
        counters.Add(Count.ClientAuthFailures);
        return (null, new OAuthError("invalid_client", description, 401, usedHeader));
    }

    private static bool SameSecret(string known, string given) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(known), Encoding.UTF8.GetBytes(given));

    /// <summary>Both parts are form-urlencoded before they are joined and encoded (RFC 6749 section 2.3.1).</summary>
    private static bool TryBasic(HttpRequest request, out string? id, out string? secret)
    {
        (id, secret) = (null, null);
        var value = request.Headers.Authorization.ToString();
        if (!value.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        Span<byte> bytes = new byte[value.Length];
        if (!Convert.TryFromBase64String(value[6..].Trim(), bytes, out var length))
        {
            return false;
        }

        var text = Encoding.UTF8.GetString(bytes[..length]);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
        {
            return false;
        }

        id = FormDecode(text[..colon]);
        secret = FormDecode(text[(colon + 1)..]);
        return true;
    }

    private static string FormDecode(string value) => Uri.UnescapeDataString(value.Replace('+', ' '));
}
