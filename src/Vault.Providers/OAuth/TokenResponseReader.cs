using System.Collections.Immutable;
using System.Text.Json;
using Vault.Core.Accounts;
using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Packs;
using Vault.Core.Sealing;
using Vault.Providers.Classification;

namespace Vault.Providers.OAuth;

/// <summary>Reads the grant from a response that was classified as one.</summary>
internal static class TokenResponseReader
{
    /// <param name="sentAt">When the request was sent: lifetimes count from then, so that a slow response never makes a
    /// token look newer than it is.</param>
    /// <param name="mustCapture">Whether a captured field that is missing or invalid rejects the grant (first grant),
    /// or is ignored (refresh; the old value stays).</param>
    public static TokenReply Read(
        ProviderPack pack,
        ProviderResponse response,
        DateTimeOffset sentAt,
        DateTimeOffset now,
        bool mustCapture
    )
    {
        var oauth = pack.Details.OAuth!;
        var shape = oauth.Answer;
        var captured = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var (name, path) in shape.Capture)
        {
            var parameter = pack.Details.Parameters[name];
            var value = path.TextIn(response.Body);
            // A host in a token response is untrusted until it matches the pack's pattern: it decides where the
            // credential is sent next.
            if (value is not null && parameter.Accepts(value))
                captured[name] = value;
            else if (mustCapture && (value is not null || (parameter.Required && parameter.Default is null)))
                return new TokenReply.ClientRefused(StatusReason.ClientMisconfigured, "captured_" + name + "_refused");
        }

        var expires = ExpiryReader.Access(shape.ExpiresIn, shape.ExpiresAt, response.Body, sentAt)
            ?? (pack.Refresh.AccessLifetime is { } usual ? sentAt + usual : null);
        var refresh = shape.RefreshToken.TextIn(response.Body);
        var secrets = new GrantTokens
        {
            AccessToken = Secret.From(shape.AccessToken.TextIn(response.Body)!),
            RefreshToken = refresh is null ? null : Secret.From(refresh),
        };
        return new TokenReply.Granted(
            new TokenSet(
                secrets,
                now,
                expires,
                ExpiryReader.Read(shape.RefreshExpiresIn, response.Body, sentAt),
                ScopeReader.Read(oauth, response.Body),
                captured.ToImmutable(),
                shape.Identity is null ? null : Identity(shape.Identity, response.Body)
            )
        );
    }

    public static ProviderIdentity? Identity(IdentityMap map, JsonElement body) =>
        map.Subject.TextIn(body) is { Length: <= 256 } subject
            ? new ProviderIdentity(
                subject,
                Short(map.DisplayName?.TextIn(body)),
                Email(map, body),
                Short(map.Tenant?.TextIn(body))
            )
            : null;

    private static string? Email(IdentityMap map, JsonElement body) =>
        map.EmailVerified is null || map.EmailVerified.TextIn(body) == "true" ? Short(map.Email?.TextIn(body)) : null;

    private static string? Short(string? text) => text is { Length: <= 256 } && !text.Any(char.IsControl) ? text : null;
}
