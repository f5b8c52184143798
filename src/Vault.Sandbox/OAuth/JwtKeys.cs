using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;

namespace Vault.Sandbox.OAuth;

/// <summary>A service account's public key. RS256 for RSA keys of 2048 bits or more, ES256 for keys on P-256.</summary>
internal sealed record JwtKey(string Issuer, string? KeyId, string ClientId, RSA? Rsa, ECDsa? Ecdsa)
{
    private readonly Lock _lock = new();

    public string Algorithm => Rsa is not null ? "RS256" : "ES256";

    // RSA and ECDsa are not documented as thread-safe; verification is rare enough for a lock.
    public bool Verify(ReadOnlySpan<byte> signed, ReadOnlySpan<byte> signature)
    {
        lock (_lock)
        {
            return Rsa?.VerifyData(signed, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
                ?? Ecdsa!.VerifyData(
                    signed,
                    signature,
                    HashAlgorithmName.SHA256,
                    DSASignatureFormat.IeeeP1363FixedFieldConcatenation
                );
        }
    }
}

/// <summary>The keys for verifying jwt-bearer assertions, by issuer.</summary>
public sealed class JwtKeys
{
    private readonly ConcurrentDictionary<string, JwtKey[]> _keys = new(StringComparer.Ordinal);

    internal JwtKeys() { }

    /// <summary>
    /// Registers a public key in PEM ("BEGIN PUBLIC KEY") for assertions of <paramref name="issuer"/>; their grants
    /// belong to the client.
    /// </summary>
    /// <exception cref="ArgumentException">The text is not a usable public key.</exception>
    public void RegisterPem(
        string issuer,
        string? keyId,
        string publicKeyPem,
        string clientId = Clients.SandboxClient.DemoId
    )
    {
        ArgumentException.ThrowIfNullOrEmpty(publicKeyPem);
        if (publicKeyPem.Contains("PRIVATE KEY", StringComparison.Ordinal))
        {
            throw new ArgumentException("public_key_pem is a private key; register the public key only");
        }

        if (TryRsa(publicKeyPem) is { } rsa)
        {
            Register(new JwtKey(issuer, keyId, clientId, rsa, null));
            return;
        }

        var ecdsa = ECDsa.Create();
        Import(() => ecdsa.ImportFromPem(publicKeyPem), "public_key_pem");
        Register(new JwtKey(issuer, keyId, clientId, null, ecdsa));
    }

    /// <summary>Registers a public JWK (kty RSA with n and e, or kty EC with crv P-256, x and y).</summary>
    /// <exception cref="ArgumentException">The object is not a usable public key.</exception>
    public void RegisterJwk(string issuer, JsonElement jwk, string clientId = Clients.SandboxClient.DemoId)
    {
        if (jwk.ValueKind != JsonValueKind.Object || jwk.TryGetProperty("d", out _))
        {
            throw new ArgumentException("jwk must be an object with a public key, without the private member d");
        }

        var keyId = jwk.TryGetProperty("kid", out var kid) ? kid.GetString() : null;
        byte[] Part(string name) =>
            jwk.TryGetProperty(name, out var part) && part.GetString() is { Length: > 0 } text
                ? System.Buffers.Text.Base64Url.DecodeFromChars(text)
                : throw new ArgumentException($"jwk.{name} is missing");
        switch (jwk.TryGetProperty("kty", out var kty) ? kty.GetString() : null)
        {
            case "RSA":
                var rsa = RSA.Create();
                Import(
                    () => rsa.ImportParameters(new RSAParameters { Modulus = Part("n"), Exponent = Part("e") }),
                    "jwk"
                );
                Register(new JwtKey(issuer, keyId, clientId, rsa, null));
                break;
            case "EC":
                var ecdsa = ECDsa.Create();
                Import(
                    () =>
                        ecdsa.ImportParameters(
                            new ECParameters
                            {
                                Curve = ECCurve.NamedCurves.nistP256,
                                Q = new ECPoint { X = Part("x"), Y = Part("y") },
                            }
                        ),
                    "jwk"
                );
                Register(new JwtKey(issuer, keyId, clientId, null, ecdsa));
                break;
            default:
                throw new ArgumentException("jwk.kty must be RSA or EC");
        }
    }

    internal IReadOnlyList<JwtKey> Of(string issuer) => _keys.GetValueOrDefault(issuer) ?? [];

    private static RSA? TryRsa(string pem)
    {
        var rsa = RSA.Create();
        try
        {
            rsa.ImportFromPem(pem);
            return rsa;
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            rsa.Dispose();
            return null;
        }
    }

    private static void Import(Action import, string field)
    {
        try
        {
            import();
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or FormatException)
        {
            throw new ArgumentException(
                $"{field} is not a public key the sandbox can read; use RSA (2048 bits or more) or EC P-256",
                e
            );
        }
    }

    private void Register(JwtKey key)
    {
        if (string.IsNullOrWhiteSpace(key.Issuer))
        {
            throw new ArgumentException("issuer is empty; name the service account whose key this is");
        }

        if (key is { Rsa.KeySize: < 2048 } or { Ecdsa.KeySize: not 256 })
        {
            throw new ArgumentException(
                "the key is too weak or of another curve; use RSA of 2048 bits or more, or EC P-256"
            );
        }

        _keys.AddOrUpdate(
            key.Issuer,
            static (_, k) => [k],
            static (_, keys, k) => [.. keys.Where(old => old.KeyId != k.KeyId), k],
            key
        );
    }
}
