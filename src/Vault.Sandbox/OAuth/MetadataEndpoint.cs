using System.Text.Json;
using Vault.Sandbox.Clients;
using Vault.Sandbox.Wire;

namespace Vault.Sandbox.OAuth;

/// <summary>RFC 8414 and OpenID Connect discovery, listing exactly what is supported.</summary>
internal sealed class MetadataEndpoint(Func<string> issuer)
{
    public Task HandleAsync(HttpContext context) => JsonReply.WriteAsync(context, 200, issuer(), static (writer, iss) =>
        {
            writer.WriteString("issuer"u8, iss);
            writer.WriteString("authorization_endpoint"u8, iss + "/oauth/authorize");
            writer.WriteString("token_endpoint"u8, iss + "/oauth/token");
            writer.WriteString("revocation_endpoint"u8, iss + "/oauth/revoke");
            writer.WriteString("introspection_endpoint"u8, iss + "/oauth/introspect");
            writer.WriteString("userinfo_endpoint"u8, iss + "/oauth/userinfo");
            writer.WriteString("jwks_uri"u8, iss + "/jwks");
            string[] authMethods = ["client_secret_basic", "client_secret_post"];
            List(writer, "response_types_supported", ["code"]);
            List(writer, "response_modes_supported", ["query"]);
            List(writer, "grant_types_supported", SandboxScopes.GrantTypes);
            List(writer, "scopes_supported", SandboxScopes.All);
            List(writer, "subject_types_supported", ["public"]);
            List(writer, "id_token_signing_alg_values_supported", ["RS256"]);
            List(writer, "claims_supported", ["iss", "sub", "aud", "iat", "exp", "nonce", "name", "email"]);
            List(writer, "code_challenge_methods_supported", ["S256"]);
            List(writer, "token_endpoint_auth_methods_supported", authMethods);
            List(writer, "revocation_endpoint_auth_methods_supported", authMethods);
            List(writer, "introspection_endpoint_auth_methods_supported", authMethods);

            List(writer, "prompt_values_supported", ["none"]);
            writer.WriteBoolean("authorization_response_iss_parameter_supported"u8, true);
            writer.WriteBoolean("request_parameter_supported"u8, false);
            writer.WriteBoolean("request_uri_parameter_supported"u8, false);
        });

    private static void List(Utf8JsonWriter writer, string name, IEnumerable<string> values)
    {
        writer.WriteStartArray(name);
        foreach (var value in values)
        {
            writer.WriteStringValue(value);
        }

        writer.WriteEndArray();
    }
}
