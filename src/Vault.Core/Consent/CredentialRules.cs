using System.Collections.Immutable;
using Vault.Core.Connections;
using Vault.Core.Errors;
using Vault.Core.Packs;

namespace Vault.Core.Consent;

/// <summary>The pack's requirements for an imported credential. Messages name fields, never values.</summary>
public static class CredentialRules
{
    public const string AccessToken = "access_token";
    public const string RefreshToken = "refresh_token";
    private const int MaxLength = 32 * 1024;

    public static ImmutableArray<Violation> Check(
        ProviderPack pack,
        ConnectionSettings connection,
        CredentialRequest request,
        DateTimeOffset now
    )
    {
        ArgumentNullException.ThrowIfNull(pack);
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(request);
        var faults = ImmutableArray.CreateBuilder<Violation>();
        if (request.Mode is { } mode)
            CheckMode(pack, connection, mode, request, faults);
        else
            CheckTokens(pack, connection, request, now, faults);
        if (request.Scopes is { } scopes)
            faults.AddRange(ConnectionRules.CheckScopes(scopes));
        faults.AddRange(
            PackParameters.Check(pack, request.Parameters, ParameterSource.Account, orCaptured: request.Mode is null)
        );
        return faults.ToImmutable();
    }

    private static void CheckMode(
        ProviderPack pack,
        ConnectionSettings connection,
        AuthMode mode,
        CredentialRequest request,
        ImmutableArray<Violation>.Builder faults
    )
    {
        if (mode == AuthMode.AuthorizationCode || !pack.AuthModes.Contains(mode))
        {
            faults.Add(
                new(
                    "credential/type",
                    $"{pack.Id} does not accept this kind; it accepts {string.Join(", ", Kinds(pack))}"
                )
            );
            return;
        }

        if (mode == AuthMode.ClientCredentials && connection.ClientId is null)
            faults.Add(new("connection", "has no client_id; client_credentials uses the connection's own client"));
        var known = pack.Details.Credentials.TryGetValue(mode, out var shape)
            ? shape.Fields
            : ImmutableSortedDictionary<string, CredentialField>.Empty;
        foreach (var (name, secret) in request.Fields)
        {
            if (!known.TryGetValue(name, out var field))
                faults.Add(
                    new(
                        "credential/" + name,
                        known.IsEmpty
                            ? "unknown; this kind takes no fields"
                            : "unknown; this kind takes " + string.Join(", ", known.Keys)
                    )
                );
            else if (secret.Reveal().Length is 0 or > MaxLength)
                faults.Add(new("credential/" + name, $"give 1 to {MaxLength} bytes"));
            else if (!Fits(field, secret.RevealText()))
                faults.Add(
                    new(
                        "credential/" + name,
                        "does not have the form of this field"
                            + (field.Description is null ? "" : ": " + field.Description)
                    )
                );
        }

        foreach (var (name, field) in known)
            if (field.Required && !request.Fields.ContainsKey(name))
                faults.Add(new("credential/" + name, "is required: " + field.Label));
    }

    private static void CheckTokens(
        ProviderPack pack,
        ConnectionSettings connection,
        CredentialRequest request,
        DateTimeOffset now,
        ImmutableArray<Violation>.Builder faults
    )
    {
        if (!pack.AuthModes.Contains(AuthMode.AuthorizationCode))
            faults.Add(
                new(
                    "credential/type",
                    $"{pack.Id} has no OAuth tokens of a user; it accepts {string.Join(", ", Kinds(pack))}"
                )
            );
        foreach (var (name, secret) in request.Fields)
        {
            if (name is not (AccessToken or RefreshToken))
                faults.Add(new("credential/" + name, "unknown; give access_token, refresh_token"));
            // RFC 6749 appendix A.12: tokens are visible ASCII; others could not be sent in a header.
            else if (
                secret.Reveal() is { Length: 0 or > MaxLength }
                || secret.Reveal().IndexOfAnyExceptInRange((byte)0x21, (byte)0x7e) >= 0
            )
                faults.Add(new("credential/" + name, "is not a token: visible ASCII without spaces"));
        }

        if (!request.Fields.ContainsKey(AccessToken))
            faults.Add(new("credential/access_token", "is required"));
        if (request.Fields.ContainsKey(RefreshToken) && connection.ClientId is null)
            faults.Add(
                new("connection", "has no client_id; a refresh token can only be used by the client that obtained it")
            );
        if (request.ExpiresAt <= now && !request.Fields.ContainsKey(RefreshToken))
            faults.Add(new("credential/expires_at", "is in the past, and there is no refresh_token to renew it"));
    }

    /// <summary>The kinds of credential that a pack accepts, as the API names them.</summary>
    public static IEnumerable<string> Kinds(ProviderPack pack)
    {
        ArgumentNullException.ThrowIfNull(pack);
        return pack.AuthModes.Select(CredentialKinds.Name);
    }

    private static bool Fits(CredentialField field, string value) =>
        value.All(c => !char.IsControl(c) || (field.Multiline && c is '\n' or '\r' or '\t'))
        && (field.Pattern is null || PackParameter.Anchored(field.Pattern).IsMatch(value));
}

/// <summary>The API's names of the kinds of credential.</summary>
public static class CredentialKinds
{
    public const string Tokens = "oauth_tokens";

    private static readonly ImmutableArray<(string Name, AuthMode? Mode)> Known =
    [
        (Tokens, null),
        ("api_key", AuthMode.ApiKey),
        ("basic", AuthMode.Basic),
        ("key_pair", AuthMode.JwtBearer),
        ("service_account", AuthMode.JwtBearer),
        ("app_installation", AuthMode.AppInstallation),
        ("client_credentials", AuthMode.ClientCredentials),
    ];

    public static IReadOnlyList<string> Names { get; } = [.. Known.Select(k => k.Name)];

    public static bool TryParse(string name, out AuthMode? mode)
    {
        mode = null;
        foreach (var known in Known)
        {
            if (known.Name != name)
                continue;
            mode = known.Mode;
            return true;
        }

        return false;
    }

    public static string Name(AuthMode mode) =>
        mode == AuthMode.AuthorizationCode ? Tokens : Known.First(k => k.Mode == mode).Name;
}
