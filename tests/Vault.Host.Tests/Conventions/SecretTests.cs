namespace Vault.Host.Tests.Conventions;

/// <summary>
/// Law 2: a credential has one way out. A file that opens a secret is named here, with a reason a stranger accepts, or
/// the build is red.
/// </summary>
public sealed class SecretTests
{
    private static readonly Dictionary<string, string> MayReveal = new()
    {
        ["src/Vault.Core/Accounts/GrantCodec.cs"] =
            "packs credentials into the plaintext that is sealed, and unpacks it",
        ["src/Vault.Core/Accounts/GrantSealing.cs"] = "hands the opened plaintext to the codec",
        ["src/Vault.Core/Consent/CredentialRules.cs"] = "checks length and form of a credential that is brought in",
        ["src/Vault.Core/Consent/PrivateKeys.cs"] = "reads a private key that is brought in, and writes it in one form",
        ["src/Vault.Core/Execution/PageSeal.cs"] = "opens a page token that came back, which is no credential",
        ["src/Vault.Core/Sealing/Sealer.cs"] = "encrypts",
        ["src/Vault.Gateway/Rest/Executions/GetOutput.cs"] = "answers with a kept tool output, which is no credential",
        ["src/Vault.Gateway/Rest/Approvals/GetApproval.cs"] = "shows an approver the input that a caller sent",
        ["src/Vault.Gateway/Rest/Keys/KeyView.cs"] = "shows a new API key, this once",
        ["src/Vault.Gateway/Http/IdempotentCalls.cs"] = "answers again with a kept answer, which holds no credential",
        ["src/Vault.Host/Commands/AdminKeyFile.cs"] = "writes an administrator's key, this once",
        ["src/Vault.Providers/OAuth/AssertionSigner.cs"] = "signs with a private key",
        ["src/Vault.Providers/OAuth/CallbackReader.cs"] =
            "keys the check of a callback's signature with the client secret",
        ["src/Vault.Providers/OAuth/OAuth1Consent.cs"] = "keeps the temporary secret of a consent and signs with it",
        ["src/Vault.Providers/OAuth/Revocation.cs"] = "sends the token to the provider's revocation endpoint",
        ["src/Vault.Providers/OAuth/TokenEndpoint.cs"] = "sends code, verifier and refresh token to the provider",
        ["src/Vault.Providers/OAuth/TokenRequest.cs"] = "authenticates our client to the provider",
        ["src/Vault.Providers/Upstream/OAuth1Signature.cs"] = "keys the signature over a request with the two secrets",
        ["src/Vault.Providers/Upstream/CredentialPlacement.cs"] =
            "puts the credential into the upstream request: the one way out",
        ["src/Vault.Providers/Upstream/CredentialRedactor.cs"] =
            "finds the credential in what the provider answers, and takes it out",
    };

    [Fact]
    public void Only_the_listed_files_reveal_a_secret()
    {
        var revealing = Repository
            .Sources("src")
            .Where(f => !f.EndsWith("/Sealing/Secret.cs", StringComparison.Ordinal))
            .Where(f =>
                Repository.Read(f) is var text
                && (
                    text.Contains(".Reveal(", StringComparison.Ordinal)
                    || text.Contains(".RevealText(", StringComparison.Ordinal)
                )
            );
        Assert.Equal(MayReveal.Keys.Order(StringComparer.Ordinal), revealing);
    }
}
