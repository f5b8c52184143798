using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Packs;
using Vault.Core.Sealing;

namespace Vault.Providers.OAuth;

/// <summary>
/// Signs the JWT of RFC 7523 and of GitHub Apps. The private key is decrypted only within this call. One of the few
/// places that reveal secrets.
/// </summary>
internal sealed class AssertionSigner(TimeProvider time, IdFactory ids)
{
    /// <summary>The compact JWT, or null with a failure code when the credential or a template is unusable.</summary>
    public string? Sign(TokenClient client, StaticCredential credential, Uri? tokenUrl, string scope, out string? fault)
    {
        var shape = client.Pack.Details.Assertion!;
        if (!credential.Fields.TryGetValue(shape.KeyField, out var key))
        {
            fault = "credential_field_missing:" + shape.KeyField;
            return null;
        }

        var variables = TemplateContext.Of(client);
        var claims = new Dictionary<string, object>(StringComparer.Ordinal);
        if (variables.Expand(shape.Issuer, Field) is not { } issuer)
        {
            fault = "assertion_issuer_missing";
            return null;
        }

        claims["iss"] = issuer;
        if (shape.Subject is not null && variables.Expand(shape.Subject, Field) is { } subject)
            claims["sub"] = subject;
        if (shape.Audience is not null && variables.Expand(shape.Audience, Field) is { } audience)
            claims["aud"] = audience;
        foreach (var (name, template) in shape.Claims)
        {
            if (variables.Expand(template, Field) is { } value)
                claims[name] = value;
        }

        if (shape.ScopeClaim is not null && scope.Length > 0)
            claims[shape.ScopeClaim] = scope;
        var headers = new Dictionary<string, object>(StringComparer.Ordinal);
        foreach (var (name, template) in shape.Headers)
        {
            if (variables.Expand(template, Field) is { } value)
                headers[name] = value;
        }

        var now = time.GetUtcNow().ToUnixTimeSeconds();
        claims["iat"] = now - (long)shape.Backdate.TotalSeconds;
        claims["exp"] = now + (long)shape.Lifetime.TotalSeconds;
        claims["jti"] = ids.New("jti_");
        try
        {
            fault = null;
            return Sign(shape, key, shape.KeyId is null ? null : variables.Expand(shape.KeyId, Field), claims, headers);
        }
        catch (Exception e)
            when (e is CryptographicException or ArgumentException or NotSupportedException or InvalidOperationException
            )
        {
            // The message may quote the key, so only the kind of failure is reported.
            fault = "private_key_unusable";
            return null;
        }

        // The key itself is not a template variable: a pack could put it into a claim.
        string? Field(string name) =>
            name == "token_url" ? tokenUrl?.AbsoluteUri
            : name != shape.KeyField && credential.Fields.TryGetValue(name, out var field) ? field.RevealText()
            : null;
    }

    /// <summary>
    /// RFC 7515 with SHA-256. Implemented here, because the available library does not support the header x5t, which
    /// Entra requires for certificates, and caches signers.
    /// </summary>
    private static string Sign(
        AssertionShape shape,
        Secret key,
        string? keyId,
        Dictionary<string, object> claims,
        Dictionary<string, object> headers
    )
    {
        headers["alg"] = shape.Algorithm;
        headers["typ"] = "JWT";
        if (keyId is not null)
            headers["kid"] = keyId;
        var signed = Part(headers) + "." + Part(claims);
        var data = Encoding.ASCII.GetBytes(signed);
        var utf8 = key.Reveal();
        var pem = new char[Encoding.UTF8.GetCharCount(utf8)];
        Encoding.UTF8.GetChars(utf8, pem);
        try
        {
            if (shape.Algorithm == "ES256")
            {
                using var ecdsa = ECDsa.Create();
                ecdsa.ImportFromPem(pem);
                // RFC 7518 3.4: P-256, and the signature as two integers of 32 bytes.
                if (ecdsa.KeySize != 256)
                    throw new CryptographicException("Not a P-256 key.");
                return signed
                    + "."
                    + Base64Url.EncodeToString(
                        ecdsa.SignData(
                            data,
                            HashAlgorithmName.SHA256,
                            DSASignatureFormat.IeeeP1363FixedFieldConcatenation
                        )
                    );
            }

            using var rsa = RSA.Create();
            rsa.ImportFromPem(pem);
            // RFC 7518 3.3.
            if (rsa.KeySize < 2048)
                throw new CryptographicException("Shorter than 2048 bits.");
            return signed
                + "."
                + Base64Url.EncodeToString(rsa.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        }
        finally
        {
            Array.Clear(pem);
        }
    }

    private static string Part(Dictionary<string, object> members) =>
        Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(members));
}
