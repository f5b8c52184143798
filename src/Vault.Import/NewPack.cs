using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Vault.Core.Errors;

namespace Vault.Import;

/// <summary>
/// Creates a pack for a new provider from the document's servers and security schemes. For what a document does not
/// say, the pack assumes the safest: a refresh token is never presented twice.
/// </summary>
internal static class NewPack
{
    public static Result<byte[]> From(string id, IDescription description)
    {
        if (description is not OpenApiDescription document)
            return new VaultError(
                ErrorCatalogue.ProviderUnknown,
                $"provider: '{id}' is unknown, and this kind of document does not describe authentication; add "
                    + "its pack first (vaultctl packs new)."
            );
        if (
            !Uri.TryCreate(description.Server, UriKind.Absolute, out var server)
            || server.Scheme != "https"
            || server.Host.Contains('{', StringComparison.Ordinal)
        )
            return VaultError.Invalid(
                "servers",
                $"names no https address ('{description.Server}'), so no pack for '{id}' can be created; add its "
                    + "pack first (vaultctl packs new)"
            );
        var parts = new Parts();
        foreach (var scheme in document.Security.Schemes.Values)
            parts.Add(scheme);
        if (parts.Modes.Count == 0)
            return VaultError.Invalid(
                "securitySchemes",
                "have no scheme that works with a stored credential (OAuth authorization code or client "
                    + $"credentials, bearer, basic, API key); add the pack of '{id}' first (vaultctl packs new)"
            );
        parts.Hosts.Add(server.IdnHost.ToLowerInvariant());
        var pack = new JsonObject
        {
            ["format"] = 1,
            ["id"] = id,
            ["version"] = "1.0.0",
            ["display_name"] = Sentences.Cut(description.Title, 80) is { Length: > 0 } title ? title : id,
            ["confidence"] = "single-source",
            ["notes"] = new JsonArray(
                $"Created from the provider's own description ({description.Format}). It assumes the strictest "
                    + "rotation and has the built-in error rules."
            ),
            ["hosts"] = new JsonArray([.. parts.Hosts.Order(StringComparer.Ordinal).Select(h => (JsonNode)h)]),
            ["auth_modes"] = new JsonArray([.. parts.Modes.Select(m => (JsonNode)m)]),
        };
        if (parts.Credentials.Count > 0)
            pack["credentials"] = parts.Credentials;
        if (parts.OAuth is not null)
            pack["oauth"] = parts.OAuth;
        pack["refresh"] = new JsonObject
        {
            ["rotation"] = parts.Modes.Contains("authorization_code") ? "family_kill" : "mints",
        };
        pack["api"] = new JsonObject { ["base_url"] = description.Server!.TrimEnd('/'), ["auth"] = parts.Auth };
        return JsonSerializer.SerializeToUtf8Bytes(pack);
    }

    private sealed class Parts
    {
        public List<string> Modes { get; } = [];

        public SortedSet<string> Hosts { get; } = new(StringComparer.Ordinal);

        public JsonObject Credentials { get; } = [];

        public JsonObject? OAuth { get; private set; }

        public JsonArray Auth { get; } = [];

        public void Add(JsonElement scheme)
        {
            switch (OpenApiDescription.Text(scheme, "type"))
            {
                case "oauth2":
                    AddOAuth(scheme);
                    break;
                case "basic":
                case "http"
                    when string.Equals(
                        OpenApiDescription.Text(scheme, "scheme"),
                        "basic",
                        StringComparison.OrdinalIgnoreCase
                    ):
                    AddOwn(
                        "basic",
                        new JsonObject { ["username"] = Label("User name"), ["password"] = Label("Password") },
                        "header",
                        "Authorization",
                        "Basic {basic}"
                    );
                    break;
                case "http"
                    when string.Equals(
                        OpenApiDescription.Text(scheme, "scheme"),
                        "bearer",
                        StringComparison.OrdinalIgnoreCase
                    ):
                    AddOwn(
                        "api_key",
                        new JsonObject { ["api_key"] = Label("API key or token") },
                        "header",
                        "Authorization",
                        "Bearer {api_key}"
                    );
                    break;
                case "apiKey"
                    when OpenApiDescription.Text(scheme, "in") is ("header" or "query") and var place
                        && OpenApiDescription.Text(scheme, "name") is { } name:
                    AddOwn("api_key", new JsonObject { ["api_key"] = Label("API key") }, place, name, "{api_key}");
                    break;
            }
        }

        private void AddOwn(string mode, JsonObject fields, string place, string name, string value)
        {
            if (Modes.Contains(mode))
                return;
            Modes.Add(mode);
            Credentials[mode] = fields;
            Auth.Add(
                (JsonNode)
                    new JsonObject
                    {
                        ["in"] = place,
                        ["name"] = name,
                        ["value"] = value,
                        ["mode"] = mode,
                    }
            );
        }

        private void AddOAuth(JsonElement scheme)
        {
            var flows =
                scheme.TryGetProperty("flows", out var all) && all.ValueKind == JsonValueKind.Object
                    ? all.EnumerateObject().Select(f => (f.Name, f.Value)).ToImmutableArray()
                    : [(OpenApiDescription.Text(scheme, "flow") ?? "", scheme)];
            foreach (var (flow, value) in flows)
            {
                var mode = flow switch
                {
                    "authorizationCode" or "accessCode" => "authorization_code",
                    "clientCredentials" or "application" => "client_credentials",
                    _ => null,
                };
                if (
                    mode is null
                    || Modes.Contains(mode)
                    || !Https(OpenApiDescription.Text(value, "tokenUrl"), out var token)
                )
                    continue;
                var code = mode == "authorization_code";
                if (code && !Https(OpenApiDescription.Text(value, "authorizationUrl"), out _))
                    continue;
                OAuth ??= new JsonObject { ["token_url"] = token.AbsoluteUri };
                // A pack has one token endpoint; a flow with another one needs a separate pack.
                if (OAuth["token_url"]!.GetValue<string>() != token.AbsoluteUri)
                    continue;
                if (code && Https(OpenApiDescription.Text(value, "authorizationUrl"), out var consent))
                {
                    OAuth["authorization_url"] = consent.AbsoluteUri;
                    Hosts.Add(consent.IdnHost.ToLowerInvariant());
                }

                Hosts.Add(token.IdnHost.ToLowerInvariant());
                Modes.Add(mode);
                if (!Auth.Any(a => a!["mode"] is null))
                    Auth.Insert(
                        0,
                        new JsonObject
                        {
                            ["in"] = "header",
                            ["name"] = "Authorization",
                            ["value"] = "Bearer {access_token}",
                        }
                    );
            }
        }

        private static bool Https(string? url, out Uri uri) =>
            Uri.TryCreate(url, UriKind.Absolute, out uri!) && uri.Scheme == "https";

        private static JsonObject Label(string text) => new() { ["label"] = text };
    }
}
