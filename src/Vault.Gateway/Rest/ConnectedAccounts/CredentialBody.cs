using System.Collections.Immutable;
using System.Text.Json;
using Vault.Core.Consent;
using Vault.Core.Errors;
using Vault.Core.Sealing;
using Vault.Gateway.Http;

namespace Vault.Gateway.Rest.ConnectedAccounts;

/// <summary>
/// Reads the <c>credential</c> of a request. Its values become secrets at once; no error repeats them.
/// </summary>
internal static class CredentialBody
{
    public static Field Credential { get; } =
        new(
            "credential",
            FieldKind.Credential,
            "type ("
                + "oauth_tokens, api_key, basic, key_pair, service_account, app_installation or "
                + "client_credentials) and its fields: access_token, refresh_token, expires_at for tokens, else "
                + "those that the provider names."
        )
        {
            Required = true,
            WriteOnly = true,
        };

    public static Field ScopesField { get; } =
        Field.Texts("scopes", "The granted scopes. Default: unknown; then no call is refused for a missing scope.") with
        {
            MaxLength = 256,
        };

    public static Field Parameters { get; } = Field.Map("parameters", "The provider's parameters for this account.");

    public static Field Validate { get; } =
        Field.Flag("validate", "Verify the credential with the provider before it is stored.");

    public static Field ExpectedIdentity { get; } =
        Field.Text(
            "expected_identity",
            "The provider's subject or e-mail address that the credential must belong to."
        ) with
        {
            MaxLength = 320,
        };

    /// <summary>The caller disposes the result.</summary>
    public static Result<CredentialRequest> Read(Body body)
    {
        var credential = body.Json("credential")!.Value;
        if (
            !credential.TryGetProperty("type", out var type)
            || type.ValueKind != JsonValueKind.String
            || !CredentialKinds.TryParse(type.GetString()!, out var mode)
        )
            return VaultError.Invalid("credential/type", "must be one of " + string.Join(", ", CredentialKinds.Names));
        var fields = ImmutableSortedDictionary.CreateBuilder<string, Secret>(StringComparer.Ordinal);
        DateTimeOffset? expires = null;
        foreach (var property in credential.EnumerateObject())
        {
            if (property.Name == "type" || property.Value.ValueKind == JsonValueKind.Null)
                continue;
            if (property.Value.ValueKind != JsonValueKind.String)
                return Refuse(fields, property.Name, "must be a string");
            var text = property.Value.GetString()!;
            if (mode is null && property.Name == "expires_at")
            {
                if (!Instants.IsValid(text))
                    return Refuse(fields, property.Name, "must be an RFC 3339 time with its offset");
                expires = Instants.Parse(text);
            }
            else
            {
                fields[property.Name] = Secret.From(text);
            }
        }

        return new CredentialRequest
        {
            Mode = mode,
            Fields = fields.ToImmutable(),
            ExpiresAt = expires,
            Scopes = body.Texts("scopes"),
            Parameters = body.Map("parameters") ?? ImmutableSortedDictionary<string, string>.Empty,
            Validate = body.Flag("validate") ?? false,
            ExpectedIdentity = body.Text("expected_identity"),
        };
    }

    private static VaultError Refuse(ImmutableSortedDictionary<string, Secret>.Builder read, string field, string fault)
    {
        foreach (var secret in read.Values)
            secret.Dispose();
        return VaultError.Invalid("credential/" + field, fault);
    }
}
