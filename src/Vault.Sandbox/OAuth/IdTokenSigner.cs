using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Vault.Sandbox.Clients;
using Vault.Sandbox.Grants;
using Vault.Sandbox.Wire;

namespace Vault.Sandbox.OAuth;

/// <summary>
/// Signs id_tokens (RS256, which OpenID Connect requires) and publishes the key at /jwks. The key exists for the
/// lifetime of the process.
/// </summary>
internal sealed class IdTokenSigner(IdentityBook identities, Func<string> issuer) : IDisposable
{
    private const string KeyId = "sandbox-1";

    // Created on first use: most tests need no id_token, and a key costs a tenth of a second.
    private readonly Lazy<RSA> _key = new(static () => RSA.Create(2048));
    private readonly Lock _signing = new();

    public string Sign(AccessToken access, string? nonce)
    {
        var identity = identities.Of(access.Family.Subject);
        var header = Encode(
            new Dictionary<string, object>
            {
                ["alg"] = "RS256",
                ["kid"] = KeyId,
                ["typ"] = "JWT",
            }
        );
        var claims = new Dictionary<string, object>
        {
            ["iss"] = issuer(),
            ["sub"] = identity.Subject,
            ["aud"] = access.Family.ClientId,
            ["iat"] = access.IssuedAt.ToUnixTimeSeconds(),
            ["exp"] = access.IssuedAt.AddMinutes(5).ToUnixTimeSeconds(),
        };
        if (access.Has(SandboxScopes.Profile))
        {
            claims["name"] = identity.Name;
        }

        if (access.Has(SandboxScopes.Email))
        {
            claims["email"] = identity.Email;
        }

        if (nonce is not null)
        {
            claims["nonce"] = nonce;
        }

        var signed = header + "." + Encode(claims);
        lock (_signing)
        {
            return signed
                + "."
                + Base64Url.EncodeToString(
                    _key.Value.SignData(
                        Encoding.ASCII.GetBytes(signed),
                        HashAlgorithmName.SHA256,
                        RSASignaturePadding.Pkcs1
                    )
                );
        }
    }

    /// <summary>GET /jwks</summary>
    public Task HandleKeysAsync(HttpContext context)
    {
        RSAParameters key;
        lock (_signing)
        {
            key = _key.Value.ExportParameters(includePrivateParameters: false);
        }

        return JsonReply.WriteAsync(context, 200, key, static (writer, k) =>
        {
            writer.WriteStartArray("keys"u8);
            writer.WriteStartObject();
            writer.WriteString("kty"u8, "RSA"u8);
            writer.WriteString("use"u8, "sig"u8);
            writer.WriteString("alg"u8, "RS256"u8);
            writer.WriteString("kid"u8, KeyId);
            writer.WriteString("n"u8, Base64Url.EncodeToString(k.Modulus));
            writer.WriteString("e"u8, Base64Url.EncodeToString(k.Exponent));
            writer.WriteEndObject();
            writer.WriteEndArray();
        });
    }

    public void Dispose()
    {
        if (_key.IsValueCreated)
        {
            _key.Value.Dispose();
        }
    }

    private static string Encode(Dictionary<string, object> members) =>
        Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(members));
}
