namespace Vault.Sandbox.Clients;

/// <summary>How a client may authenticate at the token, revocation and introspection endpoints.</summary>
public enum ClientAuthMethod
{
    Any,
    Basic,
    Post,
}

/// <summary>A registered OAuth client. Redirect URIs are compared character by character.</summary>
public sealed record SandboxClient
{
    public const string DemoId = "demo-client";
    public const string DemoSecret = "demo-secret";

    public required string ClientId { get; init; }

    public required string ClientSecret { get; init; }

    public string Name { get; init; } = "";

    public IReadOnlyList<string> RedirectUris { get; init; } = [];

    /// <summary>The scopes that the client may request, and its default.</summary>
    public IReadOnlyList<string> Scopes { get; init; } = SandboxScopes.All;

    public IReadOnlyList<string> GrantTypes { get; init; } = SandboxScopes.GrantTypes;

    public ClientAuthMethod AuthMethod { get; init; } = ClientAuthMethod.Any;

    public TokenPolicy Policy { get; init; } = new();

    /// <summary>Skips the consent page and approves everything.</summary>
    public bool AutoConsent { get; init; }

    /// <summary>The identity under <see cref="AutoConsent"/>; null for the first configured one.</summary>
    public string? AutoConsentSubject { get; init; }

    /// <summary>Prints the client id, never the secret.</summary>
    public override string ToString() => $"SandboxClient {ClientId}";

    /// <summary>Every invalid value with its field name and the fix; empty when the client is valid.</summary>
    public IEnumerable<string> Faults()
    {
        if (string.IsNullOrWhiteSpace(ClientId))
        {
            yield return "client_id is empty; give the client a name";
        }

        if (string.IsNullOrEmpty(ClientSecret))
        {
            yield return "client_secret is empty; the sandbox supports only confidential clients";
        }

        foreach (var uri in RedirectUris)
        {
            // On Unix a bare path is an absolute file URI, so the scheme is checked as well.
            if (
                !Uri.TryCreate(uri, UriKind.Absolute, out var parsed)
                || parsed.IsFile
                || uri.Contains('#', StringComparison.Ordinal)
            )
            {
                yield return $"redirect_uris has '{uri}'; use an absolute URI without a fragment (RFC 6749 "
                    + "section 3.1.2)";
            }
        }

        foreach (var grantType in GrantTypes)
        {
            if (!SandboxScopes.GrantTypes.Contains(grantType))
            {
                yield return $"grant_types has '{grantType}'; use {string.Join(", ", SandboxScopes.GrantTypes)}";
            }
        }

        foreach (var fault in Policy.Faults())
        {
            yield return "policy." + fault;
        }
    }
}
