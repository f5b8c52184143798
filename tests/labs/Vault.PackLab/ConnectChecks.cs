using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Vault.Core.OAuth;
using Vault.Core.Packs;
using Vault.Core.Sealing;

namespace Vault.PackLab;

/// <summary>From nothing to a working credential, and who it belongs to.</summary>
internal static class ConnectChecks
{
    public static async Task<string> ConnectAsync(LabBench bench)
    {
        var done = new List<string>();
        foreach (var mode in bench.Pack.AuthModes)
        {
            using var grant = mode switch
            {
                AuthMode.AuthorizationCode => await ConsentAsync(bench),
                AuthMode.ApiKey or AuthMode.Basic => null,
                _ => await MintAsync(bench, mode),
            };
            using var own = grant is null ? Samples.Credential(bench.Pack, mode) : null;
            bench.Emulator.Known = own;
            await CallAsync(bench, grant, own);
            await IdentifyAsync(bench, grant, own);
            bench.Emulator.Known = null;
            done.Add(Name(mode));
        }

        return string.Join(", ", done);
    }

    /// <summary>
    /// Consent in a browser, played: the authorization URL, the code, the exchange; and a code without its verifier is
    /// worth nothing.
    /// </summary>
    public static async Task<GrantTokens> ConsentAsync(LabBench bench)
    {
        var scopes = bench.Pack.DefaultScopes.Length > 0 ? bench.Pack.DefaultScopes : ["lab.scope"];
        var verifier = "lab-verifier-0123456789-0123456789-0123456789";
        var challenge = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)));
        var code = bench.Emulator.Authorize(
            bench.Tokens.AuthorizationUrl(bench.Client, scopes, "lab-state", challenge),
            scopes
        );
        using var wrong = Secret.From("another-verifier-0123456789-0123456789-01234");
        if (bench.Pack.Details.OAuth!.Pkce)
        {
            var stolen = bench.Emulator.Authorize(
                bench.Tokens.AuthorizationUrl(bench.Client, scopes, "lab-state", challenge),
                scopes
            );
            LabException.Require(
                await bench.Tokens.ExchangeCodeAsync(bench.Client, Secret.From(stolen), wrong, bench.Soon)
                    is not TokenReply.Granted,
                "a code was taken with another verifier"
            );
        }

        var reply = await bench.Tokens.ExchangeCodeAsync(
            bench.Client,
            Secret.From(code),
            Secret.From(verifier),
            bench.Soon
        );
        var tokens = reply is TokenReply.Granted granted
            ? granted.Tokens
            : throw new LabException("the code was not exchanged: " + reply);
        LabException.Require(
            bench.Emulator.IsGood(tokens.Secrets.AccessToken.RevealText()) && tokens.Secrets.RefreshToken is not null,
            "the tokens were not found in the answer"
        );
        LabException.Require(tokens.AccessExpiresAt is not null, "the life of the access token was not read");
        foreach (var name in bench.Pack.Details.OAuth!.Answer.Capture.Keys)
            LabException.Require(tokens.Parameters.ContainsKey(name), $"'{name}' was not captured");
        return tokens.Secrets;
    }

    private static async Task<GrantTokens> MintAsync(LabBench bench, AuthMode mode)
    {
        using var own = mode == AuthMode.ClientCredentials ? null : Samples.Credential(bench.Pack, mode);
        var reply = await bench.Tokens.MintAsync(bench.Client, own, bench.Pack.DefaultScopes, bench.Soon);
        return reply is TokenReply.Granted granted
            ? granted.Tokens.Secrets
            : throw new LabException($"{Name(mode)}: nothing was minted: {reply}");
    }

    /// <summary>An API call with the credential where the pack puts it; without it the emulator refuses.</summary>
    private static async Task CallAsync(LabBench bench, GrantTokens? grant, StaticCredential? own)
    {
        var reply = await bench.Upstream.SendAsync(Calls.Read(bench, grant, own), default);
        LabException.Require(
            reply.Outcome == Vault.Core.Execution.UpstreamOutcome.Succeeded,
            $"an API call came back as {reply.Outcome} {reply.Detail}"
        );
    }

    private static async Task IdentifyAsync(LabBench bench, GrantTokens? grant, StaticCredential? own)
    {
        var details = bench.Pack.Details;
        var probe = grant is null ? details.Verification ?? details.Identity : details.Identity ?? details.Verification;
        var reply = await bench.Tokens.IdentifyAsync(bench.Client, grant, own, bench.Soon);
        LabException.Require(
            probe is null ? reply is IdentityReply.NoCall
                : probe.Identity is null ? reply is IdentityReply.Works
                : reply is IdentityReply.Known { Identity.Subject: "lab-subject" },
            "who it belongs to came back as " + reply
        );
    }

    private static string Name(AuthMode mode) =>
        Vault.Providers.Packs.PackKeywords.Modes.First(m => m.Value == mode).Key;
}
