using System.Collections.Immutable;
using Microsoft.AspNetCore.WebUtilities;
using Vault.Core.OAuth;
using Vault.Core.Packs;
using Vault.Core.Sealing;

namespace Vault.PackLab;

/// <summary>
/// Consent by RFC 5849: the dance, a verifier that is not the provider's, a token of somebody else's consent, a secret
/// that is not ours.
/// </summary>
internal static class OAuth1Checks
{
    public static async Task<string> DanceAsync(LabBench bench)
    {
        var shape = bench.Pack.Details.OAuth1!;
        var (first, kept) = await LeaveAsync(bench);
        var (second, other) = await LeaveAsync(bench);
        LabException.Require(
            await bench.Tokens.ExchangeCodeAsync(bench.Client, Code(second), kept, bench.Soon)
                is TokenReply.GrantDead { Failure: "oauth_token_mismatch" },
            "the token of another consent was taken"
        );
        using var wrong = Secret.From(Parts(second).Token + "\nanother-verifier");
        LabException.Require(
            await bench.Tokens.ExchangeCodeAsync(bench.Client, wrong, other, bench.Soon) is not TokenReply.Granted,
            "another verifier was taken"
        );
        LabException.Require(
            await bench.Tokens.ExchangeCodeAsync(bench.Client, Code(second), other, bench.Soon)
                is not TokenReply.Granted,
            "temporary credentials were good for two attempts"
        );
        var reply = await bench.Tokens.ExchangeCodeAsync(bench.Client, Code(first), kept, bench.Soon);
        var tokens = reply is TokenReply.Granted granted
            ? granted.Tokens.Secrets
            : throw new LabException($"nothing was given: {reply} ({bench.Emulator.OAuth1Fault})");
        using var stranger = Secret.From("not-our-secret");
        LabException.Require(
            await bench.Tokens.StartConsentAsync(
                bench.Client with
                {
                    ClientSecret = stranger,
                },
                [],
                "lab-state",
                "",
                bench.Soon
            ) is ConsentStart.Refused,
            "a consent began with another client secret"
        );
        LabException.Require(
            bench.Emulator.OAuth1Fault == "the signature",
            "it was refused for another reason: " + bench.Emulator.OAuth1Fault
        );

        using var own = new StaticCredential
        {
            Mode = AuthMode.ApiKey,
            Fields = ImmutableSortedDictionary<string, Secret>
                .Empty.Add("consumer_key", Secret.From(PackEmulator.ClientId))
                .Add("consumer_secret", Secret.From(PackEmulator.ClientSecret))
                .Add("token", tokens.AccessToken)
                .Add("token_secret", tokens.RefreshToken!),
        };
        bench.Emulator.Known = own;
        var call = await bench.Upstream.SendAsync(Calls.Read(bench, null, own), default);
        LabException.Require(
            call.Outcome == Vault.Core.Execution.UpstreamOutcome.Succeeded,
            $"a signed call came back as {call.Outcome} {call.Detail}"
        );
        bench.Emulator.Known = null;
        return "consent signed with " + shape.Method;
    }

    private static async Task<(Uri Back, Secret Kept)> LeaveAsync(LabBench bench)
    {
        var start = await bench.Tokens.StartConsentAsync(
            bench.Client,
            bench.Pack.DefaultScopes,
            "lab-state",
            "",
            bench.Soon
        );
        var ready =
            start as ConsentStart.Ready
            ?? throw new LabException(
                $"no temporary credentials: {((ConsentStart.Refused)start).Error.Upstream} ({bench.Emulator.OAuth1Fault})"
            );
        var back = bench.Emulator.Authorize1(ready.Provider);
        LabException.Require(
            QueryHelpers.ParseQuery(back.Query)["state"] == "lab-state",
            "the way back has lost its state"
        );
        return (back, ready.Keep!);
    }

    private static Secret Code(Uri back) => Secret.From(Parts(back).Token + "\n" + Parts(back).Verifier);

    private static (string Token, string Verifier) Parts(Uri back)
    {
        var query = QueryHelpers.ParseQuery(back.Query);
        return (query["oauth_token"].ToString(), query["oauth_verifier"].ToString());
    }
}
