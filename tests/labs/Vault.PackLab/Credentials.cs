using Vault.Core.OAuth;
using Vault.Core.Packs;
using Vault.Core.Templates;

namespace Vault.PackLab;

/// <summary>Whether an API request carries a credential that the emulator knows, where the pack says it goes.</summary>
internal static class Credentials
{
    public static bool Hold(
        ProviderPack pack,
        Seen seen,
        Func<string, bool> isGood,
        StaticCredential? known,
        OAuth1Check oauth1
    ) =>
        pack.Details.Api.Auth.Any(place =>
            place.Mode is AuthMode.ApiKey or AuthMode.Basic
                ? Own(place, seen, known, oauth1)
                : Token(place, seen, isGood)
        );

    private static bool Token(ApiCredential place, Seen seen, Func<string, bool> isGood)
    {
        if (Sent(place, seen) is not { } sent)
            return false;
        var cut = place.Value.IndexOf("{access_token}", StringComparison.Ordinal);
        if (cut < 0 || !sent.StartsWith(place.Value[..cut], StringComparison.Ordinal))
            return false;
        var token = sent[cut..];
        return isGood(token) || Samples.IsSigned(token);
    }

    private static bool Own(ApiCredential place, Seen seen, StaticCredential? known, OAuth1Check oauth1)
    {
        if (known is null || known.Mode != place.Mode || Sent(place, seen) is not { } sent)
            return false;
        if (place.Place == CredentialPlace.OAuth1)
            return oauth1.Parameters(
                seen,
                place.Name,
                p =>
                    p.GetValueOrDefault("oauth_consumer_key") == known.Fields["consumer_key"].RevealText()
                    && p.GetValueOrDefault("oauth_token") == known.Fields["token"].RevealText()
                        ? (known.Fields["consumer_secret"].RevealText(), known.Fields["token_secret"].RevealText())
                        : null,
                out _
            )
                is not null;
        var expected = TextTemplate.Expand(
            place.Value,
            name => name == "basic" ? Basic(known) : known.Fields.GetValueOrDefault(name)?.RevealText(),
            out _
        );
        return sent == expected;
    }

    private static string? Sent(ApiCredential place, Seen seen) =>
        place.Place switch
        {
            CredentialPlace.Query => seen.Fields.GetValueOrDefault(place.Name),
            CredentialPlace.OAuth1 => seen.Header("Authorization"),
            _ => seen.Header(place.Name),
        };

    private static string Basic(StaticCredential known) =>
        Convert.ToBase64String(
            System.Text.Encoding.UTF8.GetBytes(
                known.Fields["username"].RevealText() + ":" + known.Fields.GetValueOrDefault("password")?.RevealText()
            )
        );
}
