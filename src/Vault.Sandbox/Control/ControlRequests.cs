using System.Text.Json;
using Vault.Sandbox.Clients;
using Vault.Sandbox.Grants;

namespace Vault.Sandbox.Control;

/// <summary>
/// POST /_control/clients and PATCH /_control/clients/{id}; an absent member keeps its default or its value.
/// </summary>
internal sealed record ClientRequest
{
    public string? ClientId { get; init; }

    public string? ClientSecret { get; init; }

    public string? Name { get; init; }

    public IReadOnlyList<string>? RedirectUris { get; init; }

    public IReadOnlyList<string>? Scopes { get; init; }

    public IReadOnlyList<string>? GrantTypes { get; init; }

    public ClientAuthMethod? AuthMethod { get; init; }

    public TokenPolicyPatch? Policy { get; init; }

    public bool? AutoConsent { get; init; }

    public string? AutoConsentSubject { get; init; }

    public override string ToString() => $"ClientRequest {ClientId}";

    public SandboxClient ApplyTo(SandboxClient client) =>
        client with
        {
            ClientSecret = ClientSecret ?? client.ClientSecret,
            Name = Name ?? client.Name,
            RedirectUris = RedirectUris ?? client.RedirectUris,
            Scopes = Scopes ?? client.Scopes,
            GrantTypes = GrantTypes ?? client.GrantTypes,
            AuthMethod = AuthMethod ?? client.AuthMethod,
            Policy = Policy?.ApplyTo(client.Policy) ?? client.Policy,
            AutoConsent = AutoConsent ?? client.AutoConsent,
            AutoConsentSubject = AutoConsentSubject ?? client.AutoConsentSubject,
        };
}

/// <summary>POST /_control/grants.</summary>
internal sealed record GrantRequest
{
    public string? ClientId { get; init; }

    public string? Subject { get; init; }

    public IReadOnlyList<string>? Scopes { get; init; }

    public TokenPolicyPatch? Policy { get; init; }

    public int? AccessExpiresInSeconds { get; init; }

    public int? Count { get; init; }

    public GrantSeed ToSeed()
    {
        var defaults = new GrantSeed();
        return new GrantSeed
        {
            ClientId = ClientId ?? defaults.ClientId,
            Subject = Subject ?? defaults.Subject,
            Scopes = Scopes,
            Policy = Policy,
            AccessExpiresInSeconds = AccessExpiresInSeconds,
        };
    }
}

/// <summary>POST /_control/grants/{id}:revoke.</summary>
internal sealed record RevokeRequest
{
    public string? Reason { get; init; }
}

/// <summary>POST /_control/grants:expire_access.</summary>
internal sealed record ExpireRequest
{
    public string? ClientId { get; init; }
}

/// <summary>POST /_control/reset.</summary>
internal sealed record ResetRequest
{
    public bool Grants { get; init; }

    public bool Items { get; init; }
}

/// <summary>POST /_control/api_keys.</summary>
internal sealed record ApiKeyRequest
{
    public required string Key { get; init; }

    public string Subject { get; init; } = "alice";

    public IReadOnlyList<string>? Scopes { get; init; }

    public override string ToString() => "ApiKeyRequest";
}

/// <summary>POST /_control/logins.</summary>
internal sealed record LoginRequest
{
    public required string Username { get; init; }

    public required string Password { get; init; }

    public string Subject { get; init; } = "alice";

    public IReadOnlyList<string>? Scopes { get; init; }

    public override string ToString() => "LoginRequest";
}

/// <summary>POST /_control/jwt_keys: one of public_key_pem and jwk.</summary>
internal sealed record JwtKeyRequest
{
    public required string Issuer { get; init; }

    public string? Kid { get; init; }

    public string? PublicKeyPem { get; init; }

    public JsonElement? Jwk { get; init; }

    public string? ClientId { get; init; }
}
