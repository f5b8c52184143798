using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Vault.Core.Accounts;
using Vault.Core.Identity;
using Vault.Core.OAuth;
using Vault.Core.Packs;
using Vault.Core.Sealing;
using Vault.Core.Templates;
using Vault.Providers.Classification;

namespace Vault.Providers.OAuth;

/// <summary>Reads the grant from a response that was classified as one.</summary>
internal static class TokenResponseReader
{
    /// <summary>Longer lifetimes are ignored; now plus the lifetime must be a valid date.</summary>
    private const double MaxSeconds = 10 * 365 * 86_400.0;

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
        var type = shape.TokenType.TextIn(response.Body) ?? "Bearer";
        // RFC 6749 7.1: a client must not use a token with an unknown token_type. Slack returns "bot" and "user" for
        // bearer tokens.
        if (!(type.Equals("bearer", StringComparison.OrdinalIgnoreCase) || type is "bot" or "user"))
            return new TokenReply.ClientRefused(
                StatusReason.ClientMisconfigured,
                "token_type_" + (FailureCode.Clean(type) ?? "unknown")
            );
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

        var expires =
            Seconds(shape.ExpiresIn, response.Body) is { } life ? sentAt.AddSeconds(life)
            : shape.ExpiresAt?.TextIn(response.Body) is { } text
            && DateTimeOffset.TryParse(
                text,
                CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
                out var at
            )
            && (at - now).TotalSeconds < MaxSeconds
                ? at
            : pack.Refresh.AccessLifetime is { } usual ? sentAt + usual
            : (DateTimeOffset?)null;
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
                Seconds(shape.RefreshExpiresIn, response.Body) is { } refreshLife
                    ? sentAt.AddSeconds(refreshLife)
                    : null,
                Scopes(oauth, response.Body),
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

    private static double? Seconds(ValuePath path, JsonElement body) =>
        path.TextIn(body) is { } text
        && double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds)
        && seconds is > 0 and < MaxSeconds
            ? seconds
            : null;

    private static ImmutableArray<string>? Scopes(OAuthShape oauth, JsonElement body)
    {
        if (oauth.Answer.Scope.First(body) is not { } value)
            return null;
        var scopes = value.ValueKind switch
        {
            JsonValueKind.String => value
                .GetString()!
                .Split([.. oauth.ScopeSeparator, ' '], StringSplitOptions.RemoveEmptyEntries),
            JsonValueKind.Array => value
                .EnumerateArray()
                .Where(s => s.ValueKind == JsonValueKind.String)
                .Select(s => s.GetString()!),
            JsonValueKind.Object => value
                .EnumerateObject()
                .Where(p => p.Value.ValueKind == JsonValueKind.String)
                .Select(p => $"{p.Name}:{p.Value.GetString()}"),
            _ => null,
        };
        return scopes is null
            ? null
            : [.. scopes.Where(s => s.Length is > 0 and <= 512).Distinct(StringComparer.Ordinal)];
    }
}
