using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Vault.Core.Errors;
using Vault.Core.Packs;
using Vault.Core.Sealing;

namespace Vault.Core.Consent;

/// <summary>
/// Reads a private key in every form in which people have it, and checks it before it is stored, because an unusable
/// key
/// would be found by the first call only. The result is PKCS#8 in PEM form. Messages name the fault and never quote the
/// key. One of the few places that reveal secrets.
/// </summary>
public static partial class PrivateKeys
{
    private const int MaxNesting = 4;
    private const string Unreadable =
        "is not a key that can be read: give it in PEM form (PKCS#8 or PKCS#1), as base64, or the whole key file";
    private static readonly string[] KeyMembers = ["private_key", "privateKey", "private_key_pem", "pem", "key"];

    /// <summary>
    /// The request with its key in one form; the same request if the pack signs nothing. The caller disposes a new one.
    /// </summary>
    public static CredentialRequest Read(
        ProviderPack pack,
        CredentialRequest request,
        out ImmutableArray<Violation> faults
    )
    {
        ArgumentNullException.ThrowIfNull(pack);
        ArgumentNullException.ThrowIfNull(request);
        faults = [];
        if (
            pack.Details.Assertion is not { } shape
            || request.Mode is not { } mode
            || !pack.Details.Credentials.TryGetValue(mode, out var credential)
            || !request.Fields.TryGetValue(shape.KeyField, out var given)
        )
            return request;
        var members = new Dictionary<string, string>(StringComparer.Ordinal);
        if (Pem(given.RevealText(), shape.Algorithm, members, 0, out var fault) is not { } pem)
        {
            faults = [new Violation("credential/" + shape.KeyField, fault)];
            return request;
        }

        // A whole key file that was given member by member has more of them than the provider needs.
        var isFile = request.Fields.ContainsKey("token_uri") || request.Fields.ContainsKey("project_id");
        var fields = request
            .Fields.Where(f => f.Key != shape.KeyField && (!isFile || credential.Fields.ContainsKey(f.Key)))
            .ToImmutableSortedDictionary(f => f.Key, f => f.Value.Copy(), StringComparer.Ordinal)
            .Add(shape.KeyField, Secret.From(pem));
        foreach (var (name, value) in members)
            if (credential.Fields.ContainsKey(name) && !fields.ContainsKey(name))
                fields = fields.Add(name, Secret.From(value));
        return new CredentialRequest
        {
            Mode = request.Mode,
            Fields = fields,
            ExpiresAt = request.ExpiresAt,
            Scopes = request.Scopes,
            Parameters = request.Parameters,
            Validate = request.Validate,
            ExpectedIdentity = request.ExpectedIdentity,
        };
    }

    /// <param name="members">Gets the other members of a key file.</param>
    private static string? Pem(
        string text,
        string algorithm,
        Dictionary<string, string> members,
        int depth,
        out string fault
    )
    {
        fault = Unreadable;
        if (depth > MaxNesting)
            return null;
        text = text.Trim('\uFEFF', ' ', '\t', '\r', '\n', '\'');
        if (text.StartsWith('"') && text.EndsWith('"') && text.Length > 1)
            return Pem(text[1..^1], algorithm, members, depth + 1, out fault);
        if (text.StartsWith('{'))
            return FromJson(text, algorithm, members, depth, out fault);
        // As .env files and JSON copies have it: a backslash, or several, and an n.
        text = EscapedLine().Replace(text, "\n");
        if (text.Contains("-----BEGIN", StringComparison.Ordinal))
            return FromBlocks(text, algorithm, out fault);
        var bytes = Base64(text);
        if (bytes is null)
            return null;
        try
        {
            var start = bytes.AsSpan().TrimStart(" \t\r\n"u8);
            return start.StartsWith("-----BEGIN"u8) || start.StartsWith("{"u8)
                ? Pem(Encoding.UTF8.GetString(bytes), algorithm, members, depth + 1, out fault)
                : FromDer(bytes, algorithm, out fault);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    private static string? FromJson(
        string text,
        string algorithm,
        Dictionary<string, string> members,
        int depth,
        out string fault
    )
    {
        fault = Unreadable;
        try
        {
            using var document = JsonDocument.Parse(EscapedQuote(text));
            var file = document.RootElement;
            foreach (var member in file.EnumerateObject().Where(m => m.Value.ValueKind == JsonValueKind.String))
                members.TryAdd(member.Name, member.Value.GetString()!);
            if (file.TryGetProperty("kty", out _))
                return FromJwk(file, algorithm, out fault);
            foreach (var name in KeyMembers)
            {
                if (file.TryGetProperty(name, out var key) && key.ValueKind == JsonValueKind.String)
                    return Pem(key.GetString()!, algorithm, members, depth + 1, out fault);
            }

            fault = "is a JSON file without a member private_key";
            return null;
        }
        catch (JsonException)
        {
            return null;
        }

        // A file that was itself put into a JSON string.
        static string EscapedQuote(string text) =>
            text.StartsWith("{\\\"", StringComparison.Ordinal) || text.StartsWith("{\\n", StringComparison.Ordinal)
                ? Regex.Unescape(text)
                : text;
    }

    private static string? FromJwk(JsonElement jwk, string algorithm, out string fault)
    {
        fault = Unreadable;
        try
        {
            if (jwk.GetProperty("kty").GetString() == "RSA")
            {
                using var rsa = RSA.Create(
                    new RSAParameters
                    {
                        Modulus = Part("n"),
                        Exponent = Part("e"),
                        D = Part("d"),
                        P = Part("p"),
                        Q = Part("q"),
                        DP = Part("dp"),
                        DQ = Part("dq"),
                        InverseQ = Part("qi"),
                    }
                );
                return FromDer(rsa.ExportPkcs8PrivateKey(), algorithm, out fault);
            }

            using var ecdsa = ECDsa.Create(
                new ECParameters
                {
                    Curve = ECCurve.NamedCurves.nistP256,
                    Q = new ECPoint { X = Part("x"), Y = Part("y") },
                    D = Part("d"),
                }
            );
            return FromDer(ecdsa.ExportPkcs8PrivateKey(), algorithm, out fault);
        }
        catch (Exception e) when (e is CryptographicException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }

        byte[]? Part(string name) => Base64(jwk.GetProperty(name).GetString()!);
    }

    /// <summary>The block with the key; its lines may be joined by spaces or not at all.</summary>
    private static string? FromBlocks(string text, string algorithm, out string fault)
    {
        fault = Unreadable;
        var blocks = Block().Matches(text);
        var key = blocks.FirstOrDefault(b => b.Groups[1].Value.EndsWith("PRIVATE KEY", StringComparison.Ordinal));
        if (key is null)
        {
            if (blocks.Any(b => b.Groups[1].Value.Contains("CERTIFICATE", StringComparison.Ordinal)))
                fault = "is a certificate; give the key that belongs to it";
            else if (blocks.Any(b => b.Groups[1].Value.Contains("PUBLIC", StringComparison.Ordinal)))
                fault = "is a public key; give the secret half";
            return null;
        }

        var (label, body) = (key.Groups[1].Value, key.Groups[2].Value);
        if (
            label.StartsWith("ENCRYPTED", StringComparison.Ordinal)
            || body.Contains("ENCRYPTED", StringComparison.Ordinal)
        )
        {
            fault = "is encrypted with a passphrase; give it without (openssl pkcs8 -topk8 -nocrypt -in key.pem)";
            return null;
        }

        if (label.StartsWith("OPENSSH", StringComparison.Ordinal))
        {
            fault = "is in OpenSSH's own form; convert it (ssh-keygen -p -m PKCS8 -f key)";
            return null;
        }

        return Base64(body) is { } der ? FromDer(der, algorithm, out fault) : null;
    }

    private static string? FromDer(byte[] der, string algorithm, out string fault)
    {
        using var rsa = RSA.Create();
        if (Imports(() => rsa.ImportPkcs8PrivateKey(der, out _)) || Imports(() => rsa.ImportRSAPrivateKey(der, out _)))
        {
            // RFC 7518 3.3.
            fault =
                algorithm == "ES256" ? "is an RSA key; this provider needs one of the curve P-256 (ES256)"
                : rsa.KeySize < 2048 ? $"has {rsa.KeySize} bits; at least 2048 are needed"
                : "";
            return fault.Length == 0 ? rsa.ExportPkcs8PrivateKeyPem() : null;
        }

        using var ecdsa = ECDsa.Create();
        if (
            Imports(() => ecdsa.ImportPkcs8PrivateKey(der, out _))
            || Imports(() => ecdsa.ImportECPrivateKey(der, out _))
        )
        {
            fault =
                algorithm != "ES256" ? $"is a key of an elliptic curve; this provider needs an RSA key ({algorithm})"
                : ecdsa.KeySize != 256 ? "is not of the curve P-256, which ES256 needs"
                : "";
            return fault.Length == 0 ? ecdsa.ExportPkcs8PrivateKeyPem() : null;
        }

        fault = Unreadable;
        return null;
    }

    private static bool Imports(Action import)
    {
        try
        {
            import();
            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    /// <summary>Base64 or base64url, with or without padding and white space; null for anything else.</summary>
    private static byte[]? Base64(string text)
    {
        var plain = string.Concat(text.Where(c => !char.IsWhiteSpace(c)))
            .TrimEnd('=')
            .Replace('-', '+')
            .Replace('_', '/');
        if (plain.Length is 0 or > 64 * 1024)
            return null;
        var buffer = new byte[plain.Length];
        return Convert.TryFromBase64String(plain.PadRight((plain.Length + 3) / 4 * 4, '='), buffer, out var length)
            ? buffer[..length]
            : null;
    }

    [GeneratedRegex(@"\\+r?\\*n|\\+r", RegexOptions.CultureInvariant)]
    private static partial Regex EscapedLine();

    [GeneratedRegex(
        @"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----",
        RegexOptions.CultureInvariant | RegexOptions.Singleline
    )]
    private static partial Regex Block();
}
