using System.Collections.Immutable;
using System.Security.Cryptography;
using Vault.Core.OAuth;
using Vault.Core.Packs;
using Vault.Core.Sealing;

namespace Vault.PackLab;

/// <summary>
/// Values that a pack's patterns take: parameters from their examples, credentials from a list of likely texts.
/// </summary>
internal static class Samples
{
    private static readonly RSA Rsa = RSA.Create(2048);
    private static readonly ECDsa Ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    private static readonly string[] Likely =
    [
        "lab-secret-0123456789abcdef",
        "0123456789abcdef0123456789abcdef",
        "0123456789abcdef",
        "person@acme.example/token",
        "robot@acme.iam.gserviceaccount.com",
        "ACME",
        "LABUSER",
        "SHA256:" + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" + "=",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAA",
        new string('a', 64),
        "sk_test_0123456789abcdef0123",
        "re_0123456789abcdef",
        "vcp_0123456789abcdef",
        "phx_0123456789abcdef",
        "sb_secret_0123456789abcdef",
        "pplx-0123456789abcdef",
        "console-0123456789abcdef",
        "ghp_" + new string('a', 36),
        "tly-" + new string('a', 32),
        "shippo_test_0123456789abcdef",
        "rootly_" + new string('a', 64),
        "cal_0123456789",
        "apify_api_0123456789",
        "01234567-89ab-cdef-0123-456789abcdef",
        "FOLK0123456789",
        "AIza0123456789",
        "12345678",
        "AC" + new string('0', 32),
    ];

    public static ImmutableSortedDictionary<string, string> Parameters(ProviderPack pack) =>
        pack
            .Details.Parameters.Where(p =>
                p.Value.Source != ParameterSource.Captured && (p.Value.Default ?? p.Value.Example) is not null
            )
            .ToImmutableSortedDictionary(p => p.Key, p => p.Value.Example ?? p.Value.Default!, StringComparer.Ordinal);

    /// <summary>What the emulator puts into an answer for a captured parameter.</summary>
    public static string Captured(PackParameter parameter) =>
        parameter.Example ?? parameter.Default ?? throw new LabException("a captured parameter has no example");

    public static StaticCredential Credential(ProviderPack pack, AuthMode mode)
    {
        if (!pack.Details.Credentials.TryGetValue(mode, out var shape))
            return new StaticCredential { Mode = mode, Fields = ImmutableSortedDictionary<string, Secret>.Empty };
        var fields = shape
            .Fields.Where(f => f.Value.Required || f.Key != "password")
            .ToImmutableSortedDictionary(
                f => f.Key,
                f => Secret.From(Value(pack, f.Key, f.Value)),
                StringComparer.Ordinal
            );
        return new StaticCredential { Mode = mode, Fields = fields };
    }

    /// <summary>Whether a JWT was signed by the key that <see cref="Credential"/> gives.</summary>
    public static bool IsSigned(string jwt)
    {
        var parts = jwt.Split('.');
        if (parts.Length != 3)
            return false;
        var data = System.Text.Encoding.ASCII.GetBytes(parts[0] + "." + parts[1]);
        var signature = System.Buffers.Text.Base64Url.DecodeFromChars(parts[2]);
        return Rsa.VerifyData(data, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            || Ec.VerifyData(data, signature, HashAlgorithmName.SHA256);
    }

    private static string Value(ProviderPack pack, string name, CredentialField field)
    {
        if (name == pack.Details.Assertion?.KeyField)
            return pack.Details.Assertion.Algorithm == "ES256"
                ? Ec.ExportPkcs8PrivateKeyPem()
                : Rsa.ExportPkcs8PrivateKeyPem();
        if (field.Pattern is null)
            return name == "username" ? "lab-user" : "lab-" + name + "-0123456789";
        var pattern = PackParameter.Anchored(field.Pattern);
        return Likely.FirstOrDefault(t => pattern.IsMatch(t))
            ?? throw new LabException($"no sample fits the pattern of the credential field '{name}': {field.Pattern}");
    }
}
