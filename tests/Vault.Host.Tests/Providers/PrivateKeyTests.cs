using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Vault.Host.Tests.EndToEnd;

namespace Vault.Host.Tests.Providers;

/// <summary>F21: a private key in each of the forms in which people have it, brought in and used by a running
/// host.</summary>
public sealed class PrivateKeyTests(ScriptedWorld scene) : IClassFixture<ScriptedWorld>
{
    private static readonly RSA Key = RSA.Create(2048);
    private static int _case;

    private static string Pem => Key.ExportPkcs8PrivateKeyPem();

    private static Dictionary<string, Func<string>> Forms { get; } =
        new()
        {
            ["pkcs8"] = () => Pem,
            ["pkcs1"] = () => Key.ExportRSAPrivateKeyPem(),
            ["backslash n"] = () => Pem.Replace("\n", "\\n", StringComparison.Ordinal),
            ["two backslashes"] = () => Pem.Replace("\n", "\\\\n", StringComparison.Ordinal),
            ["backslash r and n"] = () => Pem.Replace("\n", "\\r\\n", StringComparison.Ordinal),
            ["windows lines"] = () => Pem.Replace("\n", "\r\n", StringComparison.Ordinal),
            ["one line"] = () => Pem.Replace("\n", " ", StringComparison.Ordinal),
            ["no lines"] = () => Pem.Replace("\n", "", StringComparison.Ordinal),
            ["in quotes"] = () => "\"" + Pem.Replace("\n", "\\n", StringComparison.Ordinal) + "\"",
            ["base64 of the pem"] = () => Convert.ToBase64String(Encoding.UTF8.GetBytes(Pem)),
            ["bare base64"] = () => Convert.ToBase64String(Key.ExportPkcs8PrivateKey()),
            ["bare pkcs1"] = () =>
                Convert.ToBase64String(Key.ExportRSAPrivateKey(), Base64FormattingOptions.InsertLineBreaks),
            ["a key file"] = () =>
                JsonSerializer.Serialize(
                    new
                    {
                        type = "service_account",
                        private_key = Pem,
                        client_email = "x",
                    }
                ),
            ["base64 of a key file"] = () =>
                Convert.ToBase64String(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(new { privateKey = Pem }))),
            ["behind its certificate"] = () => "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n" + Pem,
            ["jwk"] = () => Jwk(),
        };

    public static TheoryData<string> Usable => [.. Forms.Keys];

    [Theory]
    [MemberData(nameof(Usable))]
    public async Task A_key_is_taken_in_every_form_and_signs(string form)
    {
        var user = "user" + Interlocked.Increment(ref _case);
        await ConnectionAsync();
        var made = await ImportAsync(user, Forms[form]());
        Assert.True(made.Status == HttpStatusCode.Created, form + made);
        var done = await scene.World.ExecuteAsync(scene.Organization, user, "signer_look");
        Assert.True(done.Status == HttpStatusCode.OK, done.ToString());
        var jwt = scene.Provider.Requests.Last(r => r.Path == "/look").Authorization!["Bearer ".Length..].Split('.');
        Assert.True(
            Key.VerifyData(
                Encoding.ASCII.GetBytes(jwt[0] + "." + jwt[1]),
                System.Buffers.Text.Base64Url.DecodeFromChars(jwt[2]),
                HashAlgorithmName.SHA256,
                RSASignaturePadding.Pkcs1
            )
        );
    }

    [Theory]
    [InlineData("encrypted", "encrypted")]
    [InlineData("encrypted pkcs1", "encrypted")]
    [InlineData("public", "public key")]
    [InlineData("certificate", "certificate")]
    [InlineData("short", "2048")]
    [InlineData("curve", "RSA")]
    [InlineData("openssh", "OpenSSH")]
    [InlineData("cut", "can be read")]
    [InlineData("words", "can be read")]
    [InlineData("a file without it", "without a member")]
    public async Task A_key_that_cannot_sign_is_refused_when_it_comes_in(string form, string reason)
    {
        await ConnectionAsync();
        var refused = await ImportAsync("refused", Wrong(form));
        Assert.Equal("invalid_request", refused.Code);
        var fault = Assert.Single(refused.Json.GetProperty("violations").EnumerateArray());
        Assert.Equal("credential/private_key", fault.GetProperty("path").GetString());
        Assert.Contains(reason, fault.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_whole_key_file_is_taken_member_by_member()
    {
        await ConnectionAsync();
        var made = await scene.World.PostAsync(
            "/v1/connected_accounts",
            new
            {
                organization_id = scene.Organization,
                user_id = "file",
                connection = "signer",
                credential = new
                {
                    type = "service_account",
                    project_id = "p",
                    private_key_id = "k1",
                    private_key = Pem,
                    client_email = "x@y",
                    client_id = "1",
                    token_uri = "https://oauth2.example.com/token",
                },
            }
        );
        Assert.True(made.Status == HttpStatusCode.Created, made.ToString());
    }

    private static string Wrong(string form)
    {
        using var small = RSA.Create(1024);
        using var curve = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return form switch
        {
            "encrypted" => Key.ExportEncryptedPkcs8PrivateKeyPem(
                "secret",
                new PbeParameters(PbeEncryptionAlgorithm.Aes128Cbc, HashAlgorithmName.SHA256, 1_000)
            ),
            "encrypted pkcs1" => Key.ExportRSAPrivateKeyPem()
                .Replace(
                    "KEY-----\n",
                    "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n",
                    StringComparison.Ordinal
                ),
            "public" => Key.ExportSubjectPublicKeyInfoPem(),
            "certificate" => "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
            "short" => small.ExportPkcs8PrivateKeyPem(),
            "curve" => curve.ExportPkcs8PrivateKeyPem(),
            "openssh" => "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA==\n-----END OPENSSH PRIVATE KEY-----",
            "cut" => Pem[..400],
            "a file without it" => """{"type":"service_account","client_email":"x"}""",
            _ => "this is not a key",
        };
    }

    private static string Jwk()
    {
        var p = Key.ExportParameters(true);
        return JsonSerializer.Serialize(
            new
            {
                kty = "RSA",
                n = Text(p.Modulus),
                e = Text(p.Exponent),
                d = Text(p.D),
                p = Text(p.P),
                q = Text(p.Q),
                dp = Text(p.DP),
                dq = Text(p.DQ),
                qi = Text(p.InverseQ),
            }
        );

        static string Text(byte[]? bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes!);
    }

    private async Task ConnectionAsync()
    {
        var known = await scene.World.GetAsync("/v1/connections/signer?organization_id=" + scene.Organization);
        if (known.Status != HttpStatusCode.OK)
            await scene.ConnectionAsync(
                "signer",
                pack =>
                {
                    pack["auth_modes"] = new JsonArray("jwt_bearer");
                    pack.Remove("oauth");
                    pack["refresh"] = new JsonObject { ["rotation"] = "mints" };
                    pack["credentials"] = JsonNode.Parse(
                        """
                        { "jwt_bearer": { "private_key": { "label": "key", "multiline": true },
                          "client_email": { "label": "mail", "required": false } } }
                        """
                    );
                    pack["assertion"] = JsonNode.Parse(
                        """{ "algorithm": "RS256", "key_field": "private_key", "issuer": "me", "use": "bearer" }"""
                    );
                    foreach (var tool in pack["tools"]!.AsArray())
                        tool!["scopes"] = new JsonArray();
                },
                new { parameters = new { } }
            );
    }

    private Task<Reply> ImportAsync(string user, string key) =>
        scene.World.PostAsync(
            "/v1/connected_accounts",
            new
            {
                organization_id = scene.Organization,
                user_id = user,
                connection = "signer",
                credential = new { type = "service_account", private_key = key },
            }
        );
}
